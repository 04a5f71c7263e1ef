import { type Attributes, dataTypes, type Graph, int, type Node, type Value } from './graph.ts';

/** What takes most of a transformer's time. */
const products = new Set(['MatMul', 'FusedMatMul', 'Gemm']);

/** Computed in float16 where all their operands were. */
const followers = new Set(['Mul', 'Sigmoid', 'QuickGelu']);

/** The same, and they round nothing. */
const movements = new Set(['Transpose', 'Reshape', 'Split', 'Concat']);

/**
 * The nodes of a graph with its products in float16, and in float32 what reads them: norms, softmax, sums, the
 * residual stream and losses. Inputs, outputs and gradients keep their float32; each value is cast at most once each way.
 *
 * What a product adds to is added in float32, unless it is a row. Values of `Graph.precise` stay in float32.
 *
 * @param target the CPU, which has no float16, computes in float32 and rounds operands and results to float16: what
 *   a GPU computes whose sums are float32
 */
export function halveProducts(
  graph: Graph,
  nodes: readonly Node[],
  target: 'cpu' | 'webgpu' | 'cuda',
): readonly Node[] {
  const halver = new Halver(graph, target === 'cpu');
  for (const node of nodes) halver.add(node);
  return halver.finish();
}

class Halver {
  readonly #graph: Graph;
  readonly #rounds: boolean;
  readonly #nodes: Node[] = [];
  /** The float16 of values, by name. */
  readonly #halves = new Map<string, Value>();
  /** Names of values that were computed in float16. */
  readonly #computed = new Set<string>();
  /** Those of them of which there is no float32 yet. */
  readonly #onlyHalf = new Set<string>();

  constructor(graph: Graph, rounds: boolean) {
    this.#graph = graph;
    this.#rounds = rounds;
  }

  add(node: Node): void {
    const isPrecise = node.outputs.some(({ name }) => this.#graph.precise.has(name));
    const [, , addend] = node.inputs;
    if (isPrecise || node.outputs.some(({ dtype }) => dtype !== 'float32')) this.#addFull(node);
    else if (node.opType === 'Gemm' && addend !== undefined && addend.shape.length > 1) {
      this.#addSum(node, addend);
    } else if (products.has(node.opType) || this.#follows(node)) this.#addHalf(node);
    else this.#addFull(node);
  }

  finish(): readonly Node[] {
    for (const { value } of this.#graph.outputs) this.#full(value);
    return this.#nodes;
  }

  /** Whether all that a node reads besides constants was computed in float16. */
  #follows({ opType, inputs }: Node): boolean {
    if (!followers.has(opType) && !movements.has(opType)) return false;
    const read = inputs.filter(
      ({ dtype, name }) => dtype === 'float32' && !this.#graph.constants.has(name),
    );
    return read.length > 0 && read.every(({ name }) => this.#computed.has(name));
  }

  #addFull(node: Node): void {
    this.#nodes.push({ ...node, inputs: node.inputs.map((value) => this.#full(value)) });
  }

  #addHalf(node: Node): void {
    const isRounded = this.#rounds && !movements.has(node.opType);
    const outputs = node.outputs.map((value) => {
      this.#computed.add(value.name);
      this.#onlyHalf.add(value.name);
      if (!isRounded) this.#halves.set(value.name, this.#halfOf(value));
      return isRounded ? { ...value, name: `${value.name}.exact` } : this.#halfOf(value);
    });
    this.#nodes.push({ ...node, inputs: node.inputs.map((value) => this.#half(value)), outputs });
    if (!isRounded) return;
    for (const [i, value] of node.outputs.entries()) this.#round(outputs[i]!, value);
  }

  /** A product in float16, and its addend to it in float32. */
  #addSum(node: Node, addend: Value): void {
    const [a, b] = node.inputs;
    const [sum] = node.outputs;
    const product = { ...sum!, name: `${sum!.name}.product` };
    this.#addHalf({ ...node, inputs: [a!, b!], outputs: [product] });
    this.#addFull({
      opType: 'Add',
      domain: '',
      inputs: [product, addend],
      outputs: [sum!],
      attributes: {},
    });
  }

  #half(value: Value): Value {
    if (value.dtype !== 'float32') return value;
    const known = this.#halves.get(value.name);
    if (known !== undefined) return known;
    if (this.#rounds) return this.#round(value, value);
    const half = this.#halfOf(value);
    this.#halves.set(value.name, half);
    this.#cast(value, half);
    return half;
  }

  #full(value: Value): Value {
    if (!this.#onlyHalf.delete(value.name)) return value;
    const half = this.#halves.get(value.name)!;
    if (this.#rounds) this.#append('Identity', half, value, {});
    else this.#cast(half, value);
    return value;
  }

  /** Rounds `exact` to float16 as the half of `value`. */
  #round(exact: Value, value: Value): Value {
    const float16: Value = { ...value, name: `${value.name}.rounded`, dtype: 'float16' };
    const half = this.#halfOf(value);
    this.#cast(exact, float16);
    this.#cast(float16, half);
    this.#halves.set(value.name, half);
    return half;
  }

  #halfOf(value: Value): Value {
    return { ...value, name: `${value.name}.half`, dtype: this.#rounds ? 'float32' : 'float16' };
  }

  #cast(from: Value, to: Value): void {
    this.#append('Cast', from, to, { to: int(dataTypes[to.dtype]) });
  }

  #append(opType: string, from: Value, to: Value, attributes: Attributes): void {
    this.#nodes.push({ opType, domain: '', inputs: [from], outputs: [to], attributes });
  }
}
