import { create, toBinary } from '@bufbuild/protobuf';
import type { GraphBuilder } from './builder.ts';
import {
  type AttributeProto,
  AttributeProtoSchema,
  ModelProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './gen/onnx_pb.ts';
import { type Attribute, dataTypes, type Graph, type Node, type Value } from './graph.ts';
import { halveProducts } from './half.ts';
import { lowerForWebGpu } from './webgpu-lowering.ts';

/** Which of ONNX Runtime's providers runs a graph; one that is not named here takes what the CPU's takes. */
export type GraphTarget = 'cpu' | 'webgpu' | 'cuda';

/** What products are computed in; all else is float32, see `halveProducts`. */
export type Compute = 'float32' | 'float16';

/** The operator set our graphs are written in, and the model format that goes with it. */
const opset = 21;
const irVersion = 10;

/**
 * The graph as an ONNX model, ready for `openSession`.
 *
 * Nodes and constants that no output depends on are left out. A graph input that nothing uses stays, so that
 * the interface is what was declared.
 *
 * @param target what will run it: for WebGPU, operators that its provider lacks or gets wrong are replaced
 * @param compute the CPU has no float16: there products of float16 are float32's, of rounded operands and rounded
 */
export function serializeGraph(
  graph: GraphBuilder,
  name: string,
  target: GraphTarget = 'cpu',
  compute: Compute = 'float32',
): Uint8Array {
  const live = graph.liveNodes();
  const lowered = target === 'webgpu' ? lowerForWebGpu(graph, live) : live;
  const nodes = compute === 'float32' ? lowered : halveProducts(graph, lowered, target);
  const used = new Set([...nodes.flatMap((n) => n.inputs), ...graph.outputs.map((o) => o.value)]);
  const publicNames = publicNamesOf(graph, nodes);
  const nameOf = (value: Value): string => publicNames.get(value) ?? value.name;
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: BigInt(irVersion),
      producerName: 'mgrpo',
      opsetImport: [
        { domain: '', version: BigInt(opset) },
        { domain: 'com.microsoft', version: 1n },
      ],
      graph: {
        name,
        node: [...nodes, ...aliasNodes(graph, publicNames)].map((node, index) => ({
          input: node.inputs.map(nameOf),
          output: node.outputs.map(nameOf),
          name: `${node.opType}_${index}`,
          opType: node.opType,
          domain: node.domain,
          attribute: Object.entries(node.attributes).map(([key, a]) => attributeProto(key, a)),
        })),
        initializer: [...graph.constants.values()]
          .filter(({ value }) => used.has(value))
          .map(({ value, bytes }) => ({
            dims: value.shape.map(BigInt),
            dataType: dataTypes[value.dtype],
            name: value.name,
            ...(bytes === null ? externalData(value.name) : { rawData: bytes }),
          })),
        input: graph.inputs.map((value) => valueInfo(value.name, value)),
        output: graph.outputs.map((output) => valueInfo(output.name, output.value)),
      },
    }),
  );
}

/**
 * The outputs' names by the values that bear them from the start. An Identity in their place would copy:
 * ONNX Runtime removes it only where nothing else reads the value.
 */
function publicNamesOf(graph: Graph, nodes: readonly Node[]): ReadonlyMap<Value, string> {
  const computed = new Set(nodes.flatMap((node) => node.outputs));
  const names = new Map<Value, string>();
  for (const { name, value } of graph.outputs) {
    if (computed.has(value) && !names.has(value)) names.set(value, name);
  }
  return names;
}

/** An Identity for each output that is an input, a constant, or a value that bears another output's name. */
function aliasNodes(graph: Graph, publicNames: ReadonlyMap<Value, string>): Node[] {
  return graph.outputs
    .filter(({ name, value }) => publicNames.get(value) !== name)
    .map(({ name, value }) => ({
      opType: 'Identity',
      domain: '',
      inputs: [value],
      outputs: [{ ...value, name }],
      attributes: {},
    }));
}

/** The elements of a constant stand in a file of its name, which is given as bytes when the model is opened. */
function externalData(name: string) {
  return { dataLocation: 1, externalData: [{ key: 'location', value: name }] };
}

function attributeProto(name: string, attribute: Attribute): AttributeProto {
  switch (attribute.kind) {
    case 'float':
      return create(AttributeProtoSchema, { name, type: 1, f: attribute.value });
    case 'int':
      return create(AttributeProtoSchema, { name, type: 2, i: BigInt(attribute.value) });
    case 'string':
      return create(AttributeProtoSchema, {
        name,
        type: 3,
        s: new TextEncoder().encode(attribute.value),
      });
    case 'ints':
      return create(AttributeProtoSchema, { name, type: 7, ints: attribute.value.map(BigInt) });
  }
}

function valueInfo(name: string, { dtype, shape }: Value): ValueInfoProto {
  const dim = shape.map((d) => ({
    value:
      typeof d === 'number'
        ? { case: 'dimValue' as const, value: BigInt(d) }
        : { case: 'dimParam' as const, value: d },
  }));
  const tensor = { elemType: dataTypes[dtype], shape: { dim } };
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: tensor } },
  });
}
