import { MgrpoError, messageOf } from '@mgrpo/errors';
import * as ort from 'onnxruntime-node';
import type { Device } from './device.ts';

/** The element types that our graphs use: float32, float64, int32, int64 and bool. */
export type TensorData = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** A typed array with a shape, row-major; `data` is a view, never a copy. */
export interface Tensor<D extends TensorData = TensorData> {
  readonly data: D;
  readonly dims: readonly number[];
}

/** A float32 tensor in the memory of a device, by a session of `openDeviceSession`. Its numbers can't be read here. */
export interface DeviceTensor {
  readonly dims: readonly number[];
  /** Gives the memory back; idempotent. Nothing may use the tensor afterwards. */
  dispose(): void;
}

/** What a run reads, by the names of the graph's inputs. */
export type Feeds = Readonly<Record<string, Tensor | DeviceTensor>>;

export interface SessionOptions {
  readonly device?: Device;
  /** Names the graph in error messages. */
  readonly name?: string;
  /**
   * Input shapes change from run to run, as a learner's microbatches do. ONNX Runtime then plans no memory
   * ahead: it would hold a block for the plan beside its arena (50 MB at 0.3M parameters and 2,048 tokens)
   * and gain nothing. The bits are the same.
   */
  readonly variableShapes?: boolean;
  /**
   * Gives its memory back to the system after every run instead of keeping it for the next one: where several
   * sessions take turns, only one of them has large tensors at a time. It costs no time where a run is long.
   */
  readonly returnsMemory?: boolean;
  /**
   * The elements of the graph's external constants, by name. They are copied: what the operators pack is kept, and the
   * arrays may be freed once the session is open.
   */
  readonly constants?: Readonly<Record<string, Uint8Array | Float32Array>>;
  /** Outputs that stay in the device's memory: all, or those named; see `openDeviceSession`. */
  readonly keepsOutputs?: 'all' | readonly string[];
}

/** One compiled graph. `run` blocks its thread while it computes, so a session belongs in an engine thread. */
export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /**
   * Runs the graph once. Feeds are read in place (they must not change before the promise settles)
   * and every fetched output is a fresh array. `fetches` limits the outputs that are copied out.
   *
   * @param into outputs to write into memory of the device instead: an input's own, for an operator that can work
   *   in place, or any other of the output's shape
   */
  run(
    feeds: Feeds,
    fetches?: readonly string[],
    into?: Readonly<Record<string, DeviceTensor>>,
  ): Promise<Record<string, Tensor>>;
  /** Bytes that runs took from and brought to this process; what is in a device's memory moves for nothing. */
  readonly movedBytes: number;
  /** Frees the session; idempotent. */
  close(): Promise<void>;
}

/**
 * Makes a tensor over `data` without copying it: subarray views are fed with their byte offset.
 * Making one costs more than feeding it, so weights' tensors are made once per version.
 */
export function tensor<D extends TensorData>(data: D, dims: readonly number[]): Tensor<D> {
  return new ort.Tensor(elementType(data), data as never, dims) as unknown as Tensor<D>;
}

function elementType(data: TensorData): ort.Tensor.Type {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof Int32Array) return 'int32';
  if (data instanceof BigInt64Array) return 'int64';
  if (data instanceof Float64Array) return 'float64';
  return 'bool';
}

/**
 * Gives back the memory of arrays that no one reads any more, now instead of at some garbage collection:
 * a run's outputs are so large and so many that hundreds of megabytes would pile up before one.
 */
export function freeArrays(arrays: Iterable<TensorData>): void {
  for (const { buffer } of arrays) if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

/**
 * Compiles a serialised ONNX model for one thread.
 *
 * One thread is part of the determinism contract (design.md section 7): with two, a row's bits depend
 * on how the batch is cut. Parallel hosts run several engines instead.
 */
export async function openSession(
  model: Uint8Array,
  options: SessionOptions = {},
): Promise<Session> {
  const name = options.name ?? 'graph';
  const session = await create(model, name, options);
  let isClosed = false;
  let movedBytes = 0;
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    get movedBytes() {
      return movedBytes;
    },
    async run(feeds, fetches = session.outputNames, into) {
      if (isClosed) throw new MgrpoError('INTERNAL', `session ${name} is closed`);
      const inputs = feeds as ort.InferenceSession.OnnxValueMapType;
      const wanted = into === undefined ? fetches : fetchesInto(fetches, into);
      try {
        const outputs = await session.run(inputs, wanted as ort.InferenceSession.FetchesType);
        movedBytes += bytesHere(feeds) + bytesHere(outputs as unknown as Feeds);
        return outputs as unknown as Record<string, Tensor>;
      } catch (error) {
        throw runError(name, error);
      }
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      await session.release();
    },
  };
}

/** A graph whose inputs are anywhere and whose outputs stay on the device. */
export interface DeviceSession {
  run(feeds: Feeds): Promise<Record<string, DeviceTensor>>;
  readonly movedBytes: number;
  close(): Promise<void>;
}

/** Compiles a model as `openSession` does, for WebGPU, with outputs in the memory of the device. */
export async function openDeviceSession(model: Uint8Array, name: string): Promise<DeviceSession> {
  const session = await openSession(model, { name, device: 'webgpu', keepsOutputs: 'all' });
  return session as unknown as DeviceSession;
}

/** A graph on the device of whose outputs some stay there and the others come here. */
export interface MixedSession {
  run(feeds: Feeds): Promise<{
    readonly kept: Readonly<Record<string, DeviceTensor>>;
    readonly fetched: Readonly<Record<string, Tensor>>;
  }>;
  readonly movedBytes: number;
  close(): Promise<void>;
}

/** Compiles a model as `openSession` does, for WebGPU. @param kept names of the outputs that stay on the device */
export async function openMixedSession(
  model: Uint8Array,
  name: string,
  kept: readonly string[],
): Promise<MixedSession> {
  const options = { name, device: 'webgpu', variableShapes: true, keepsOutputs: kept } as const;
  const session = await openSession(model, options);
  const stays = new Set(kept);
  return {
    get movedBytes() {
      return session.movedBytes;
    },
    async run(feeds) {
      const outputs = Object.entries(await session.run(feeds));
      const onDevice = outputs.filter(([output]) => stays.has(output));
      return {
        kept: Object.fromEntries(onDevice) as unknown as Record<string, DeviceTensor>,
        fetched: Object.fromEntries(outputs.filter(([output]) => !stays.has(output))),
      };
    },
    close: () => session.close(),
  };
}

/** Names of outputs to fetch, and places for others. */
function fetchesInto(
  fetches: readonly string[],
  into: Readonly<Record<string, DeviceTensor>>,
): Readonly<Record<string, DeviceTensor | null>> {
  return { ...Object.fromEntries(fetches.map((name) => [name, null])), ...into };
}

function bytesHere(tensors: Feeds): number {
  let bytes = 0;
  for (const value of Object.values(tensors)) {
    // `data` of a tensor elsewhere throws.
    const isHere = (value as unknown as ort.Tensor).location === 'cpu';
    if (isHere) bytes += (value as Tensor).data.byteLength;
  }
  return bytes;
}

async function create(
  model: Uint8Array,
  name: string,
  options: SessionOptions,
): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(model, {
      executionProviders: [options.device ?? 'cpu'],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      enableMemPattern: !options.variableShapes,

      enableCpuMemArena: !options.returnsMemory,
      logSeverityLevel: 3,
      ...keptOutputs(options),
      ...(options.constants === undefined ? {} : { externalData: filesOf(options.constants) }),
    });
  } catch (cause) {
    const message = `ONNX Runtime refuses the graph ${name}: ${messageOf(cause)}`;
    throw new MgrpoError('INTERNAL', message, { cause });
  }
}

/** Constants as ONNX Runtime takes them: as files, whose names `serializeGraph` made of the constants' names. */
function filesOf(constants: NonNullable<SessionOptions['constants']>) {
  return Object.entries(constants).map(([path, { buffer, byteOffset, byteLength }]) => ({
    path,
    data: new Uint8Array(buffer, byteOffset, byteLength),
  }));
}

function keptOutputs({
  keepsOutputs,
}: SessionOptions): Pick<ort.InferenceSession.SessionOptions, 'preferredOutputLocation'> {
  if (keepsOutputs === undefined) return {};
  if (keepsOutputs === 'all') return { preferredOutputLocation: 'gpu-buffer' };
  const kept = keepsOutputs.map((name) => [name, 'gpu-buffer'] as const);
  return { preferredOutputLocation: Object.fromEntries(kept) };
}

function runError(name: string, cause: unknown): MgrpoError {
  const reason = messageOf(cause);
  if (/failed to allocate|bad_alloc|out.of.(device.)?memory/i.test(reason)) {
    const remedy = 'lower the number of slots, the microbatch or the lengths';
    return new MgrpoError('RESOURCE', `${name} ran out of memory (${reason}); ${remedy}`, {
      cause,
    });
  }
  return new MgrpoError('INTERNAL', `${name} failed: ${reason}`, { cause });
}
