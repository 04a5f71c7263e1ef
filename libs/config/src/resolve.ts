import { resolve } from 'node:path';
import { MgrpoError, shown } from '@mgrpo/errors';
import type { z } from 'zod';
import { nearestKey } from './nearest-key.ts';
import { type Field, fieldsOf } from './schema-fields.ts';
import {
  type ConfigSources,
  environmentLayers,
  fileLayer,
  type Layer,
  overrideLayer,
} from './sources.ts';

/** Something wrong with one key, or with keys that do not fit together. */
export interface Complaint {
  /** Dotted path of the key to change. */
  readonly path: string;
  /** What is wrong and what to write instead. */
  readonly message: string;
}

type Tree = Record<string, unknown>;

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Merges file, environment and command line, and parses the result by the strict schema.
 *
 * @throws INVALID_CONFIG with a line for every wrong key, saying where it was given and what it may hold
 */
export function resolveConfig<S extends z.ZodType>(
  schema: S,
  sources: ConfigSources,
  complaintsOf: (config: z.output<S>) => readonly Complaint[],
): z.output<S> {
  const fields = fieldsOf(schema);
  const layers = [
    ...(sources.file === null ? [] : [fileLayer(sources.file)]),
    ...environmentLayers(sources.environment, fields),
    ...sources.overrides.map((override) => overrideLayer(override, fields)),
  ];
  const place = sources.file ?? 'configuration';
  return parseLayers(schema, { fields, layers, place }, complaintsOf);
}

/** Parses one value that was stored before, such as a run folder's `config.json`. */
export function parseConfig<S extends z.ZodType>(
  schema: S,
  { value, where }: { value: unknown; where: string },
  complaintsOf: (config: z.output<S>) => readonly Complaint[],
): z.output<S> {
  if (!isTree(value)) throw new MgrpoError('INVALID_CONFIG', `${where} must hold a map of keys`);
  const layer: Layer = { values: value, locate: () => where, folder: '.' };
  const fields = fieldsOf(schema);
  return parseLayers(schema, { fields, layers: [layer], place: where }, complaintsOf);
}

interface Merge {
  readonly fields: readonly Field[];
  readonly layers: readonly Layer[];
  /** Named for a key that no source gives. */
  readonly place: string;
}

function parseLayers<S extends z.ZodType>(
  schema: S,
  { fields, layers, place }: Merge,
  complaintsOf: (config: z.output<S>) => readonly Complaint[],
): z.output<S> {
  let merged: unknown = {};
  for (const layer of layers) merged = overlay(merged, withResolvedPaths(layer, fields));
  const parsed = schema.safeParse(merged);
  const complaints = parsed.success
    ? complaintsOf(parsed.data)
    : parsed.error.issues.flatMap((issue) => complaintsOfIssue(issue, merged, fields));
  if (complaints.length > 0) {
    const lines = complaints.map(({ path, message }) => {
      const keys = path.split('.');
      const source = layers.findLast((layer) => at(layer.values, keys) !== undefined);
      return `${source?.locate(keys) ?? place}: ${message}`;
    });
    throw new MgrpoError('INVALID_CONFIG', lines.join('\n'));
  }
  return (parsed as { data: z.output<S> }).data;
}

/** `over` wins; maps are merged key by key. An own `__proto__` stays an own key, which the schema refuses. */
function overlay(base: unknown, over: unknown): unknown {
  if (!isTree(base) || !isTree(over)) return over;
  const merged = Object.entries(over).map(([key, value]) => {
    return [key, Object.hasOwn(base, key) ? overlay(base[key], value) : value];
  });
  return Object.fromEntries([...Object.entries(base), ...merged]);
}

function withResolvedPaths(layer: Layer, fields: readonly Field[]): Tree {
  const values = structuredClone(layer.values) as Tree;
  for (const { path, isPath } of fields) {
    const value = isPath ? at(values, path.split('.')) : undefined;
    if (typeof value === 'string' && !value.startsWith('s3://')) {
      put(values, path, resolve(layer.folder, value));
    }
  }
  return values;
}

function at(tree: unknown, keys: readonly string[]): unknown {
  let node = tree;
  for (const key of keys) {
    if (!isTree(node) || !Object.hasOwn(node, key)) return undefined;
    node = node[key];
  }
  return node;
}

function put(tree: Tree, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop()!;
  let node = tree;
  for (const key of keys) {
    node[key] ??= {};
    node = node[key] as Tree;
  }
  node[last] = value;
}

function complaintsOfIssue(
  issue: z.core.$ZodIssue,
  merged: unknown,
  fields: readonly Field[],
): Complaint[] {
  const keys = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey([...keys, key], fields));
  }
  const path = keys.join('.');
  const field = fields.find((candidate) => candidate.path === path);
  // Entries of lists and of open maps are no fields of their own.
  if (field === undefined) return [{ path, message: `"${path}": ${issue.message}` }];
  const value = at(merged, keys);
  const { type } = field;
  const what = field.description ? ` (${field.description})` : '';
  if (value === undefined) {
    return [{ path, message: `"${path}" is missing; it must be ${type}${what}` }];
  }
  const got = isTree(value) ? 'a section' : shown(value);
  return [{ path, message: `"${path}" is ${got}; it must be ${type}${what}` }];
}

/** Looks for the intended key among its siblings first, then by its last word anywhere. */
function unknownKey(keys: readonly string[], fields: readonly Field[]): Complaint {
  const typed = keys.at(-1)!;
  const section = keys.slice(0, -1).join('.');
  const siblings = fields
    .map((field) => field.path.split('.'))
    .filter((path) => path.slice(0, -1).join('.') === section)
    .map((path) => path.at(-1)!);
  const sibling = nearestKey(typed, siblings);
  const elsewhere = fields.find((field) => field.path.split('.').at(-1) === typed)?.path;
  const remedy =
    elsewhere && sibling?.toLowerCase() !== typed.toLowerCase()
      ? `it belongs to "${elsewhere}"`
      : sibling
        ? `did you mean "${sibling}"?`
        : siblings.length === 0
          ? 'delete it, or quote the text that it is part of'
          : `${section ? `"${section}"` : 'the top level'} has ${siblings.join(', ')}`;
  return { path: keys.join('.'), message: `unknown key ${shown(keys.join('.'))}; ${remedy}` };
}
