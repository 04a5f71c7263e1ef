import { GraphBuilder, type Shape, serializeGraph } from '@mgrpo/onnx';
import { ByRank } from './by-rank.ts';
import { type DeviceTensor, openSession, type Session } from './session.ts';

/** Brings float32 vectors and matrices from the memory of a device here. JavaScript can't read there, but a graph can. */
export class Downloader {
  readonly #sessions = new ByRank<Session>((shape) =>
    openSession(copyGraph(shape), { name: 'download', device: 'webgpu', variableShapes: true }),
  );

  /** The numbers of a tensor, in a fresh array. */
  async download(tensor: DeviceTensor): Promise<Float32Array> {
    const session = await this.#sessions.of(tensor.dims);
    return (await session.run({ x: tensor })).y!.data as Float32Array;
  }

  get movedBytes(): number {
    return this.#sessions.movedBytes;
  }

  close(): Promise<void> {
    return this.#sessions.close();
  }
}

function copyGraph(shape: Shape): Uint8Array {
  const g = new GraphBuilder();
  g.output('y', g.input('x', 'float32', shape));
  return serializeGraph(g, 'download', 'webgpu');
}
