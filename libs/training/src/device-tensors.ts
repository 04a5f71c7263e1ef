import { type DeviceTensor, type Feeds, openUploader, tensor, type Uploader } from '@mgrpo/runtime';

/** A part of a flat array, as a graph input's numbers. */
interface NamedArray {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Tensors in the memory of a device, by the names of their graph inputs. */
export class DeviceTensors {
  readonly #tensors = new Map<string, DeviceTensor>();
  readonly #uploader: Uploader | null;

  /** @param uploader closed with the tensors: memory that a session allocated lives no longer than it */
  constructor(uploader: Uploader | null = null) {
    this.#uploader = uploader;
  }

  /** Copies of arrays. */
  static async upload(arrays: readonly NamedArray[]): Promise<DeviceTensors> {
    const uploader = await openUploader(arrays.map(({ name, dims }) => ({ name, shape: dims })));
    const feeds = arrays.map(({ name, dims, data }) => [name, tensor(data, dims)] as const);
    const uploaded = await uploader.upload(Object.fromEntries(feeds));
    const tensors = new DeviceTensors(uploader);
    for (const [name, copy] of Object.entries(uploaded)) tensors.set(name, copy);
    return tensors;
  }

  get feeds(): Feeds {
    return Object.fromEntries(this.#tensors);
  }

  /** Those of now, by name; they may be replaced on the way. */
  entries(): readonly (readonly [string, DeviceTensor])[] {
    return [...this.#tensors];
  }

  get(name: string): DeviceTensor | undefined {
    return this.#tensors.get(name);
  }

  /** Puts a tensor in its place; the memory of the one that was there is given back. */
  set(name: string, tensor: DeviceTensor): void {
    this.#tensors.get(name)?.dispose();
    this.#tensors.set(name, tensor);
  }

  /** Gives all memory back; idempotent. */
  dispose(): void {
    for (const tensor of this.#tensors.values()) tensor.dispose();
    this.#tensors.clear();
  }

  async close(): Promise<void> {
    this.dispose();
    await this.#uploader?.close();
  }
}
