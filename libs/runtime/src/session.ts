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
  /** Where set, ONNX Runtime writes `<prefix>_<date>.json` with the time of every node at `close()`. */
  readonly profilePrefix?: string;
}

/** One compiled graph. `run` blocks its thread while it computes, so a session belongs in an engine thread. */
export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /**
   * Runs the graph once. Feeds are read in place (they must not change before the promise settles)
   * and every fetched output is a fresh array. `fetches` limits the outputs that are copied out.
   */
  run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches?: readonly string[],
  ): Promise<Record<string, Tensor>>;
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
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    async run(feeds, fetches) {
      if (isClosed) throw new MgrpoError('INTERNAL', `session ${name} is closed`);
      const inputs = feeds as ort.InferenceSession.OnnxValueMapType;
      try {
        const outputs = fetches ? await session.run(inputs, fetches) : await session.run(inputs);
        return outputs as unknown as Record<string, Tensor>;
      } catch (error) {
        throw runError(name, error);
      }
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      if (options.profilePrefix !== undefined) session.endProfiling();
      await session.release();
    },
  };
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
      ...(options.profilePrefix === undefined
        ? {}
        : { enableProfiling: true, profileFilePrefix: options.profilePrefix }),
    });
  } catch (cause) {
    const message = `ONNX Runtime refuses the graph ${name}: ${messageOf(cause)}`;
    throw new MgrpoError('INTERNAL', message, { cause });
  }
}

function runError(name: string, cause: unknown): MgrpoError {
  const reason = messageOf(cause);
  if (/failed to allocate|bad_alloc|out of memory/i.test(reason)) {
    const remedy = 'lower the number of slots, the microbatch or the lengths';
    return new MgrpoError('RESOURCE', `${name} ran out of memory (${reason}); ${remedy}`, {
      cause,
    });
  }
  return new MgrpoError('INTERNAL', `${name} failed: ${reason}`, { cause });
}
