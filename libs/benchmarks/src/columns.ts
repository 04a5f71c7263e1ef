import { MgrpoError } from '@mgrpo/errors';

/** One record of a data file, with its place for error messages. */
export interface BenchmarkRow {
  /** `math500.jsonl:17`. */
  readonly where: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Reads cells by any of the names that a column goes by; INVALID_INPUT names the row and the column. */
export class RowReader {
  readonly #row: BenchmarkRow;
  readonly #renamed: ReadonlyMap<string, string>;

  /** @param renamed the user's name of a column, by its first name */
  constructor(row: BenchmarkRow, renamed: ReadonlyMap<string, string> = new Map()) {
    this.#row = row;
    this.#renamed = renamed;
  }

  /** The cell of the first name that the row has; null when it has none. */
  find(names: readonly string[]): unknown {
    const own = this.#renamed.get(names[0]!);
    const name = (own === undefined ? names : [own]).find((n) =>
      Object.hasOwn(this.#row.values, n),
    );
    return name === undefined ? null : (this.#row.values[name] ?? null);
  }

  /** A text that is not blank; a number or big integer is written out. */
  text(names: readonly string[]): string {
    const value = this.find(names);
    if (value === null) throw this.missing(names);
    const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : value;
    if (typeof text !== 'string') throw this.wrong(names, 'must be text');
    if (text.trim() === '') throw this.wrong(names, 'is empty; fill it or delete the row');
    return text;
  }

  /** A text, empty where the row has none. */
  optionalText(names: readonly string[]): string {
    const value = this.find(names);
    if (value === null) return '';
    if (typeof value !== 'string') throw this.wrong(names, 'must be text');
    return value;
  }

  /** A list of texts; null where the row has none. */
  texts(names: readonly string[]): readonly string[] | null {
    const value = this.find(names);
    if (value === null) return null;
    if (!Array.isArray(value) || !value.every((part) => typeof part === 'string')) {
      throw this.wrong(names, 'must be a list of texts');
    }
    return value;
  }

  missing(names: readonly string[]): MgrpoError {
    const own = this.#renamed.get(names[0]!);
    const looked = own === undefined ? names.map((name) => `"${name}"`).join(' or ') : `"${own}"`;
    const has = Object.keys(this.#row.values).join(', ');
    return this.#invalid(
      `has no column ${looked}; it has ${has}; map one with --columns ${names[0]}=NAME`,
    );
  }

  wrong(names: readonly string[], what: string): MgrpoError {
    const name = this.#renamed.get(names[0]!) ?? names.find((n) => n in this.#row.values);
    return this.#invalid(`column "${name ?? names[0]}" ${what}`);
  }

  #invalid(what: string): MgrpoError {
    return new MgrpoError('INVALID_INPUT', `${this.#row.where}: ${what}`);
  }
}
