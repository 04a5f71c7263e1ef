import { z } from 'zod';

/** One configuration key, as a person sees it: what messages, the environment and the reference page are made from. */
export interface Field {
  /** Dotted, from the root: `sampling.maxResponseTokens`. */
  readonly path: string;
  readonly kind: 'section' | 'value';
  /** What it may hold, in words: `a whole number from 1`. */
  readonly type: string;
  readonly description: string;
  /** Absent when the key must be given. */
  readonly default?: unknown;
  /** A file or folder: relative to the recipe when it stands in one, else to the working directory. */
  readonly isPath: boolean;
}

interface SchemaNode {
  /** Several where each may be: zod writes a text or null so. */
  type?: string | string[];
  enum?: unknown[];
  anyOf?: SchemaNode[];
  items?: SchemaNode;
  properties?: Record<string, SchemaNode>;
  description?: string;
  default?: unknown;
  isPath?: boolean;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
}

// Writing the JSON schema takes most of the time of reading a configuration, and a schema never changes.
const known = new WeakMap<z.ZodType, readonly Field[]>();

/** Every key of a schema, sections before their keys, in the schema's order. */
export function fieldsOf(schema: z.ZodType): readonly Field[] {
  const before = known.get(schema);
  if (before !== undefined) return before;
  const fields: Field[] = [];
  collect(z.toJSONSchema(schema, { io: 'input' }) as SchemaNode, [], fields);
  known.set(schema, fields);
  return fields;
}

function collect(node: SchemaNode, path: readonly string[], fields: Field[]): void {
  if (path.length > 0) fields.push(fieldOf(node, path));
  for (const [key, child] of Object.entries(propertiesOf(node))) {
    collect(child, [...path, key], fields);
  }
}

/** The keys of a section, also of one that may be null. */
function propertiesOf({ properties, anyOf }: SchemaNode): Record<string, SchemaNode> {
  return properties ?? anyOf?.find((option) => option.properties)?.properties ?? {};
}

function fieldOf(node: SchemaNode, path: readonly string[]): Field {
  const isPath = [node, ...(node.anyOf ?? [])].some((option) => option.isPath);
  return {
    path: path.join('.'),
    kind: node.properties ? 'section' : 'value',
    type: isPath ? typeText(node).replace('a text', 'a path') : typeText(node),
    description: node.description ?? '',
    isPath,
    ...('default' in node ? { default: node.default } : {}),
  };
}

function typeText(node: SchemaNode): string {
  if (node.anyOf) return node.anyOf.map(typeText).join(' or ');
  if (node.enum) return `one of ${node.enum.join(', ')}`;
  if (Array.isArray(node.type)) {
    return node.type.map((type) => typeText({ ...node, type })).join(' or ');
  }
  switch (node.type) {
    case 'integer':
      return `a whole number${rangeText(node)}`;
    case 'number':
      return `a number${rangeText(node)}`;
    case 'boolean':
      return 'true or false';
    case 'string':
      return 'a text';
    case 'null':
      return 'null';
    case 'array':
      return `a list of${node.minItems ? ` at least ${node.minItems}` : ''}: ${typeText(node.items ?? {})}`;
    case 'object':
      return node.properties ? 'a section' : 'a map of names to values';
    default:
      return 'a section';
  }
}

/** ` from 1`, ` from 0 to 1`, ` above 0 and below 1`. */
function rangeText({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: SchemaNode): string {
  // Zod gives every whole number the range that a double holds exactly.
  const isStated = (value: number | undefined): value is number =>
    value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER;
  if (isStated(minimum) && isStated(maximum)) return ` from ${minimum} to ${maximum}`;
  const bounds = [
    isStated(minimum) ? `from ${minimum}` : '',
    isStated(exclusiveMinimum) ? `above ${exclusiveMinimum}` : '',
    isStated(maximum) ? `at most ${maximum}` : '',
    isStated(exclusiveMaximum) ? `below ${exclusiveMaximum}` : '',
  ].filter(Boolean);
  return bounds.length === 0 ? '' : ` ${bounds.join(' and ')}`;
}
