import { escapeHtml } from '@mgrpo/charts';

/** A cell: what is read, what is smaller beside it, and where it comes from. */
export interface Cell {
  readonly text: string;
  readonly small?: string;
  readonly source?: string;
  /** Inside the page, `#…`; or a file beside it. */
  readonly href?: string;
  /** Best of its column. */
  readonly isTop?: boolean;
  readonly mark?: string;
}

export interface Column {
  readonly title: string;
  /** What exactly is measured. */
  readonly note?: string;
}

export interface Row {
  readonly id?: string;
  /** The first names the row. */
  readonly cells: readonly Cell[];
  /** A row to compare with, not an arm. */
  readonly isReference?: boolean;
}

export interface Table {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

/** A table that scrolls by itself where the page is narrow. */
export function tableHtml({ caption, columns, rows }: Table): string {
  const heads = columns.map(
    ({ title, note }) => `<th scope="col"${titleOf(note)}>${escapeHtml(title)}</th>`,
  );
  return `<div class="table"><p>${escapeHtml(caption)}</p>
<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(caption)}"><table>
<thead><tr>${heads.join('')}</tr></thead>
<tbody>
${rows.map(rowHtml).join('\n')}
</tbody></table></div></div>`;
}

function rowHtml({ id, cells, isReference }: Row): string {
  const [first, ...others] = cells;
  const attributes = `${id ? ` id="${escapeHtml(id)}"` : ''}${isReference ? ' class="reference"' : ''}`;
  const name = first ? `<th scope="row"${titleOf(first.source)}>${contentOf(first)}</th>` : '';
  const rest = others.map((cell) => {
    const top = cell.isTop ? ' class="top"' : '';
    return `<td${top}${titleOf(cell.source)}>${contentOf(cell)}</td>`;
  });
  return `<tr${attributes}>${name}${rest.join('')}</tr>`;
}

function contentOf({ text, small, href, mark }: Cell): string {
  const inner = escapeHtml(text);
  const linked = href ? `<a href="${escapeHtml(href)}">${inner}</a>` : inner;
  const marked = mark ? ` <em>${escapeHtml(mark)}</em>` : '';
  return `${linked}${marked}${small ? ` <small>${escapeHtml(small)}</small>` : ''}`;
}

function titleOf(text: string | undefined): string {
  return text ? ` title="${escapeHtml(text)}"` : '';
}
