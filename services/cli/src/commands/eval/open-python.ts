import type { RunPython } from '@mgrpo/benchmarks';
import type { ChosenBenchmark } from './chosen-benchmarks.ts';

/** Where model-written Python runs. */
export interface OpenPython {
  readonly run: RunPython;
  close(): Promise<void>;
}

/**
 * Opens a sandbox where a benchmark needs one.
 *
 * @throws MgrpoError UNAVAILABLE with the reason, before anything is generated
 */
export async function openPython(chosen: readonly ChosenBenchmark[]): Promise<OpenPython> {
  if (!chosen.some(({ benchmark }) => benchmark.answer.kind === 'python')) {
    return {
      run: () => Promise.reject(new Error('no benchmark asked for Python')),
      close: async () => {},
    };
  }
  const { openSandbox } = await import('@mgrpo/sandbox');
  const sandbox = await openSandbox({ searchPath: process.env.PATH ?? '' });
  return { run: (program) => sandbox.run(program), close: () => sandbox.close() };
}
