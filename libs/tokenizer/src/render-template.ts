import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';
import { messageOf } from '@mgrpo/errors';

/** Something in a chat template that can't be parsed or rendered; the message names its line where it is known. */
export class TemplateError extends Error {}

// Far beyond what a prompt's markers need; a template that wants more is broken or hostile.
const maxRangeLength = 10_000;

/**
 * A chat template, parsed as transformers parses it (blocks take their line with them), ready to be rendered.
 *
 * It knows `raise_exception` and `range`, and no clock: `strftime_now` is not defined, so that templates which
 * ask for it (Llama 3.1) take the date that they fall back to, and a prompt is the same on every day.
 *
 * @throws TemplateError
 */
export function compileTemplate(text: string): (variables: object) => string {
  const program = locate(text, () => parseTemplate(text));
  return (variables) =>
    locate(
      text,
      () => run(program, variables),
      () => lineOfFailure(text, variables),
    );
}

type Program = ReturnType<typeof parse>;

function parseTemplate(text: string): Program {
  return parse(tokenize(text, { lstrip_blocks: true, trim_blocks: true }));
}

function run(program: Program, variables: object): string {
  const environment = new Environment();
  for (const [name, value] of Object.entries({ ...globals, ...variables })) {
    environment.set(name, value);
  }
  return (new Interpreter(environment).run(program) as { value: string }).value;
}

const globals = {
  true: true,
  false: false,
  none: null,
  True: true,
  False: false,
  None: null,
  raise_exception: (message: unknown) => {
    throw new Error(String(message));
  },
  range: (first: number, last?: number, step = 1): number[] => {
    const [start, end] = last === undefined ? [0, first] : [first, last];
    const length = Math.ceil((end - start) / step);
    if (!(length <= maxRangeLength)) throw new Error(`range() of ${length} numbers`);
    return Array.from({ length: Math.max(0, length) }, (_, i) => start + i * step);
  },
} as const;

function locate<T>(
  text: string,
  act: () => T,
  lineOf: () => number | null = () => lineOfSyntaxError(text),
): T {
  try {
    return act();
  } catch (cause) {
    const line = lineOf();
    const what = messageOf(cause);
    throw new TemplateError(line === null ? what : `line ${line}: ${what}`, { cause });
  }
}

/** A `{{ … }}`, `{% … %}` or `{# … #}` of a template. */
interface Tag {
  readonly text: string;
  /** The first word of a statement; null for what is none. */
  readonly word: string | null;
  /** Of its first character, from 1. */
  readonly line: number;
  readonly offset: number;
}

/** The tags of a template in order; braces in quotes don't end one. */
function tagsOf(text: string): Tag[] {
  const pattern = /\{#.*?#\}|\{[{%](?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?![%}]\}).)*[%}]\}/gs;
  return [...text.matchAll(pattern)].map(({ 0: tag, index: offset }) => ({
    text: tag,
    word: /^\{%-?\s*(\w*)/.exec(tag)?.[1] ?? null,
    line: lineAt(text, offset),
    offset,
  }));
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** What closes each block, so that the head of one can be parsed alone. */
const blockEnds: Readonly<Record<string, string>> = {
  if: '{% endif %}',
  for: '{% endfor %}',
  macro: '{% endmacro %}',
  call: '{% endcall %}',
  filter: '{% endfilter %}',
};

/** The library's errors have no place: each tag is parsed alone, and what is open at the end is the fault. */
function lineOfSyntaxError(text: string): number | null {
  const open: Tag[] = [];
  const tags = tagsOf(text);
  for (const tag of tags) {
    const alone = aloneText(tag);
    if (alone !== null && !parses(alone)) return tag.line;
    if (tag.word !== null && Object.hasOwn(blockEnds, tag.word)) open.push(tag);
    const isEnd = tag.word?.startsWith('end') === true && tag.word !== 'endset';
    if (isEnd && open.pop() === undefined) return tag.line;
  }
  const last = tags.at(-1);
  const end = last === undefined ? 0 : last.offset + last.text.length;
  const unclosed = text.slice(end).search(/\{[{%#]/);
  return unclosed < 0 ? (open.at(-1)?.line ?? null) : lineAt(text, end + unclosed);
}

/** A tag as a template of its own; null for one that is none without those around it. */
function aloneText({ text, word }: Tag): string | null {
  if (word === null) return text;
  if (word === 'elif') return `${text.replace('elif', 'if')}${blockEnds.if}`;
  if (Object.hasOwn(blockEnds, word)) return `${text}${blockEnds[word]}`;
  const isPart = word === 'else' || word.startsWith('end');
  return isPart || (word === 'set' && !text.includes('=')) ? null : text;
}

function parses(text: string): boolean {
  try {
    parseTemplate(text);
    return true;
  } catch {
    return false;
  }
}

const markName = 'mgrpo_mark_line';

/** Renders once more with a note of the line before each tag: the last note is where it stops. */
function lineOfFailure(text: string, variables: object): number | null {
  let line: number | null = null;
  let marked = '';
  let end = 0;
  for (const tag of tagsOf(text)) {
    if (tag.text.startsWith('{#')) continue;
    marked += `${text.slice(end, tag.offset)}{{ ${markName}(${tag.line}) }}`;
    end = tag.offset;
  }
  const mark = (at: number) => {
    line = at;
    return '';
  };
  try {
    run(parseTemplate(marked + text.slice(end)), { ...variables, [markName]: mark });
  } catch {
    // It fails as before, which is why it is run.
  }
  return line;
}
