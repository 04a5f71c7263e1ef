import { MgrpoError } from '@mgrpo/errors';
import { canonicalDim, type Shape } from './dim.ts';

/** Element types that our graphs use, by their name in onnxruntime. */
export type DType = 'float32' | 'float16' | 'float64' | 'int64' | 'bool' | 'uint8';

/** ONNX's numbers of the element types (TensorProto.DataType). */
export const dataTypes: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
};

/** A tensor in a graph: the output of a node, an input, or a constant. */
export interface Value {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

export type Attribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'ints'; readonly value: readonly number[] };

export type Attributes = Readonly<Record<string, Attribute>>;

export const int = (value: number): Attribute => ({ kind: 'int', value });
export const float = (value: number): Attribute => ({ kind: 'float', value });
export const text = (value: string): Attribute => ({ kind: 'string', value });
export const ints = (value: readonly number[]): Attribute => ({ kind: 'ints', value });

export interface Node {
  readonly opType: string;
  /** '' is ONNX's own operator set, 'com.microsoft' that of ONNX Runtime. */
  readonly domain: '' | 'com.microsoft';
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
}

export interface Constant {
  readonly value: Value;
  /** Little-endian elements, row major; null: whoever opens the model gives them, by the value's name. */
  readonly bytes: Uint8Array | null;
  /** The numbers of an integer constant, for shape inference and gradient rules. */
  readonly integers: readonly number[] | null;
}

/** What an output of a node is; the node gives it a name. */
export type ValueType = Pick<Value, 'dtype' | 'shape'>;

/**
 * A graph under construction: inputs, constants, nodes in topological order, named outputs.
 *
 * `GraphBuilder` adds the operators; this class knows none.
 */
export class Graph {
  readonly inputs: Value[] = [];
  readonly nodes: Node[] = [];
  readonly outputs: { readonly name: string; readonly value: Value }[] = [];
  readonly constants = new Map<string, Constant>();
  /** Names of values that stay in float32 where products are computed in float16. */
  readonly precise = new Set<string>();
  readonly #constantsByContent = new Map<string, Value>();
  #numValues = 0;

  /** Declares a named input. Symbols in its shape become run-time dimensions. */
  input(name: string, dtype: DType, shape: Shape): Value {
    if (this.inputs.some((input) => input.name === name)) {
      throw new MgrpoError('INTERNAL', `graph input "${name}" is declared twice`);
    }
    const value = { name, dtype, shape: shape.map(canonicalDim) };
    this.inputs.push(value);
    return value;
  }

  /** Has a value computed in float32 whatever the graph's products are. */
  keepPrecise(value: Value): Value {
    this.precise.add(value.name);
    return value;
  }

  /** Names a value as an output of the graph. */
  output(name: string, value: Value): void {
    if (this.outputs.some((output) => output.name === name)) {
      throw new MgrpoError('INTERNAL', `graph output "${name}" is declared twice`);
    }
    this.outputs.push({ name, value });
  }

  /** A constant tensor; equal constants are stored once. */
  constant(dtype: DType, shape: readonly number[], numbers: readonly number[]): Value {
    const key = `${dtype}[${shape.join()}]${numbers.join()}`;
    const known = this.#constantsByContent.get(key);
    if (known !== undefined) return known;
    const size = shape.reduce((product, dim) => product * dim, 1);
    if (numbers.length !== size) {
      throw new MgrpoError('INTERNAL', `${numbers.length} numbers for shape [${shape.join()}]`);
    }
    const value = { name: `c${this.#numValues++}`, dtype, shape };
    const integers = dtype === 'int64' ? [...numbers] : null;
    this.constants.set(value.name, { value, bytes: encode(dtype, numbers), integers });
    this.#constantsByContent.set(key, value);
    return value;
  }

  /** A named constant whose elements come from outside when the model is opened: too large for the model's bytes. */
  externalConstant(name: string, dtype: DType, shape: readonly number[]): Value {
    const value = { name, dtype, shape };
    this.constants.set(name, { value, bytes: null, integers: null });
    return value;
  }

  /** The numbers of an integer constant. @throws MgrpoError INTERNAL for any other value. */
  integersOf(value: Value): readonly number[] {
    const integers = this.constants.get(value.name)?.integers ?? null;
    if (integers === null) {
      throw new MgrpoError('INTERNAL', `"${value.name}" must be a constant of integers`);
    }
    return integers;
  }

  /** Appends a node and returns its outputs. The caller has inferred their types. */
  append(
    opType: string,
    inputs: readonly Value[],
    outputs: readonly ValueType[],
    options: { attributes?: Attributes; domain?: Node['domain'] } = {},
  ): readonly Value[] {
    const values = outputs.map(({ dtype, shape }) => ({
      name: `${opType}_${this.#numValues++}`,
      dtype,
      shape,
    }));
    const { attributes = {}, domain = '' } = options;
    this.nodes.push({ opType, domain, inputs, outputs: values, attributes });
    return values;
  }

  /** The nodes that the outputs depend on, in order. */
  liveNodes(): readonly Node[] {
    const needed = new Set(this.outputs.map(({ value }) => value.name));
    const live = this.nodes.toReversed().filter((node) => {
      if (!node.outputs.some((value) => needed.has(value.name))) return false;
      for (const value of node.inputs) needed.add(value.name);
      return true;
    });
    return live.reverse();
  }
}

function encode(dtype: DType, numbers: readonly number[]): Uint8Array {
  switch (dtype) {
    case 'float32':
      return new Uint8Array(Float32Array.from(numbers).buffer);
    case 'float16':
      return new Uint8Array(Float16Array.from(numbers).buffer);
    case 'float64':
      return new Uint8Array(Float64Array.from(numbers).buffer);
    case 'int64':
      return new Uint8Array(BigInt64Array.from(numbers, BigInt).buffer);
    case 'uint8':
      return Uint8Array.from(numbers);
    case 'bool':
      return Uint8Array.from(numbers, (number) => (number === 0 ? 0 : 1));
  }
}
