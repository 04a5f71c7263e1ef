import { GraphBuilder, serializeGraph, type Value } from '@mgrpo/onnx';
import { type DeviceTensor, type Feeds, openDeviceSession } from './session.ts';

/** Brings float32 tensors into the memory of a device. JavaScript can't write there, but a graph can. */
export interface Uploader {
  /** Copies of the tensors under the same names, which are the caller's to dispose of. */
  upload(feeds: Feeds): Promise<Readonly<Record<string, DeviceTensor>>>;
  readonly movedBytes: number;
  close(): Promise<void>;
}

/** @param inputs all that an upload brings; symbols stand for dims that differ from one to the next */
export async function openUploader(
  inputs: readonly Pick<Value, 'name' | 'shape'>[],
): Promise<Uploader> {
  const g = new GraphBuilder();
  for (const { name, shape } of inputs) g.output(copyOf(name), g.input(name, 'float32', shape));
  const session = await openDeviceSession(serializeGraph(g, 'upload', 'webgpu'), 'upload');
  return {
    get movedBytes() {
      return session.movedBytes;
    },
    async upload(feeds) {
      const copies = await session.run(feeds);
      return Object.fromEntries(inputs.map(({ name }) => [name, copies[copyOf(name)]!] as const));
    },
    close: () => session.close(),
  };
}

/** Feeds where the graphs are that read them, replaced from time to time: tables that grow. */
export class PlacedFeeds {
  readonly #uploader: Uploader | null;
  #feeds: Feeds = {};
  #onDevice: readonly DeviceTensor[] = [];

  /** @param uploader null where the graphs read what is here */
  constructor(uploader: Uploader | null) {
    this.#uploader = uploader;
  }

  get feeds(): Feeds {
    return this.#feeds;
  }

  async replace(feeds: Feeds): Promise<void> {
    if (this.#uploader === null) {
      this.#feeds = feeds;
      return;
    }
    const uploaded = await this.#uploader.upload(feeds);
    this.dispose();
    this.#feeds = uploaded;
    this.#onDevice = Object.values(uploaded);
  }

  /** Gives memory of the device back; idempotent. */
  dispose(): void {
    for (const tensor of this.#onDevice) tensor.dispose();
  }
}

function copyOf(name: string): string {
  return `device.${name}`;
}
