import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { type Document, isMap, isScalar, LineCounter, parse, parseDocument } from 'yaml';
import { nearestKey } from './nearest-key.ts';
import type { Field } from './schema-fields.ts';

/** Where a configuration comes from, weakest first. */
export interface ConfigSources {
  /** A recipe (YAML); null for defaults alone. */
  readonly file: string | null;
  /** Variables like `MGRPO__SAMPLING__TOP_P=0.9`, and `REDIS_URL`; others are ignored. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What the command line sets; the last one wins. */
  readonly overrides: readonly Override[];
}

/** `path=value`, where the value is read as YAML, and the flag that a message names. */
export interface Override {
  readonly flag: string;
  readonly assignment: string;
}

/** Values given by one source, with where each stands. */
export interface Layer {
  readonly values: Readonly<Record<string, unknown>>;
  /** Names the place of a key for a message: `recipes/a.yaml:12` or `--set`. */
  readonly locate: (path: readonly PropertyKey[]) => string;
  /** Folder against which relative paths of this source are resolved. */
  readonly folder: string;
}

const environmentPrefix = 'MGRPO__';

/** Reads a recipe, which is a YAML map. */
export function fileLayer(file: string): Layer {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new MgrpoError(
      'INVALID_CONFIG',
      `${file} can't be read (${messageOf(cause)}); name an existing recipe, for example recipes/arithmetic.yaml`,
      { cause },
    );
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [fault] = document.errors;
  if (fault) {
    const { line } = lines.linePos(fault.pos[0]);
    // The parser ends its sentence with the place once more, and shows the line below it.
    const what = fault.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '');
    throw new MgrpoError('INVALID_CONFIG', `${file}:${line}: ${what}; mend the YAML there`);
  }
  const values = valuesOf(document, file);
  if (typeof values !== 'object' || Array.isArray(values)) {
    throw new MgrpoError('INVALID_CONFIG', `${file} must hold a map of keys, as recipes/*.yaml do`);
  }
  const locate = (path: readonly PropertyKey[]) => {
    let node: unknown = document.contents;
    let offset = 0;
    for (const key of path) {
      const pair = isMap(node)
        ? node.items.find((entry) => isScalar(entry.key) && entry.key.value === key)
        : undefined;
      if (!pair) break;
      offset = (isScalar(pair.key) ? pair.key.range?.[0] : undefined) ?? offset;
      node = pair.value;
    }
    return `${file}:${lines.linePos(offset).line}`;
  };
  return { values: values as Record<string, unknown>, locate, folder: dirname(file) };
}

/** @throws MgrpoError INVALID_CONFIG where an alias has no anchor, or stands for more than a recipe may hold */
function valuesOf(document: Document, file: string): unknown {
  try {
    return document.toJS() ?? {};
  } catch (cause) {
    throw new MgrpoError('INVALID_CONFIG', `${file}: ${messageOf(cause)}`, { cause });
  }
}

/** The name of the variable that sets a key: `sampling.topP` is `MGRPO__SAMPLING__TOP_P`. */
export function variableName(path: string): string {
  const snake = path.replace(/[A-Z]/g, (letter) => `_${letter}`);
  return environmentPrefix + snake.replaceAll('.', '__').toUpperCase();
}

/** Takes what the environment sets; `REDIS_URL` stands for the Redis server where the schema has one. */
export function environmentLayers(
  environment: ConfigSources['environment'],
  fields: readonly Field[],
): Layer[] {
  const layers: Layer[] = [];
  const byName = new Map(fields.map((field) => [variableName(field.path), field.path]));
  const redisPath = 'deployment.redis.url';
  if (environment.REDIS_URL && fields.some((field) => field.path === redisPath)) {
    layers.push(valueLayer(redisPath, environment.REDIS_URL, 'environment variable REDIS_URL'));
  }
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(environmentPrefix) || value === undefined) continue;
    const path = byName.get(name);
    if (path === undefined) {
      throw unknown(`environment variable ${name}`, name, [...byName.keys()]);
    }
    layers.push(valueLayer(path, parseValue(value, name), `environment variable ${name}`));
  }
  return layers;
}

/** Takes one setting of the command line, such as `--set algorithm.filter='{kind: off}'`. */
export function overrideLayer({ flag, assignment }: Override, fields: readonly Field[]): Layer {
  const equals = assignment.indexOf('=');
  if (equals < 1) {
    throw new MgrpoError('USAGE', `${flag} ${assignment}: write it as ${flag} path=value`);
  }
  const path = assignment.slice(0, equals);
  const paths = fields.map((field) => field.path);
  if (!paths.includes(path)) throw unknown(flag, path, paths);
  return valueLayer(path, parseValue(assignment.slice(equals + 1), `${flag} ${path}`), flag);
}

function unknown(where: string, typed: string, known: readonly string[]): MgrpoError {
  const nearest = nearestKey(typed, known);
  const remedy = nearest ? `did you mean "${nearest}"?` : 'docs/configuration.md lists all keys';
  return new MgrpoError('INVALID_CONFIG', `${where}: unknown key "${typed}"; ${remedy}`);
}

function parseValue(text: string, where: string): unknown {
  try {
    return text === '' ? '' : parse(text);
  } catch (cause) {
    throw new MgrpoError('INVALID_CONFIG', `${where}: "${text}" is not a YAML value; quote it`, {
      cause,
    });
  }
}

function valueLayer(path: string, value: unknown, where: string): Layer {
  let values: unknown = value;
  for (const key of path.split('.').toReversed()) values = { [key]: values };
  return {
    values: values as Record<string, unknown>,
    locate: () => where,
    folder: '.',
  };
}
