import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MgrpoError } from '@mgrpo/errors';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { type FuzzTarget, fuzzTargets } from './targets.ts';

// `npm run fuzz` tries a hundred times as many, at another seed each time.
const numCases = Number(process.env.FUZZ_CASES ?? 10_000);
const seed = Number(process.env.FUZZ_SEED ?? 1);
const longestMs = 200;
const growthBytes = 32 << 20;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const folder = mkdtempSync(join(tmpdir(), 'mgrpo-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Milliseconds that a case takes; what it throws must be a refusal in words. */
async function feed({ feed }: FuzzTarget, input: unknown): Promise<number> {
  const start = performance.now();
  try {
    await feed(input as never);
  } catch (error) {
    if (!(error instanceof MgrpoError) || error.code === 'INTERNAL') throw error;
    if (error.message.length > 100_000) throw new Error('the message is as long as the input');
  }
  return performance.now() - start;
}

/** The smallest failing input found and why, without the pages that some inputs are long. */
async function failureOf(property: fc.IAsyncProperty<[unknown]>, numRuns: number) {
  const options = { numRuns, seed, interruptAfterTimeLimit: 3_000_000 };
  const { failed, counterexample, errorInstance, counterexamplePath } = await fc.check(
    property,
    options,
  );
  if (!failed) return null;
  const [input] = counterexample ?? [];
  const text = Buffer.isBuffer(input) ? input.toString('latin1') : JSON.stringify(input);
  const { stack } = errorInstance as Error;
  return {
    input: text?.slice(0, 2000),
    reason: stack?.slice(0, 2000),
    seed,
    path: counterexamplePath,
  };
}

for (const target of await fuzzTargets(folder)) {
  const cases = Math.ceil(numCases * target.share);
  test(`${target.name}: ${cases} damaged inputs are read or refused, at once`, async () => {
    await feed(target, fc.sample(target.input, { numRuns: 1, seed })[0]);
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    const property = fc.asyncProperty(target.input, async (input) => {
      // A slow case is a slow input only when it is slow again: the machine has other work.
      for (let attempt = 0; attempt < 3; attempt++) {
        if ((await feed(target, input)) <= longestMs) return;
      }
      throw new Error(`takes longer than ${longestMs} ms`);
    });
    expect(await failureOf(property, cases)).toBeNull();
    collectGarbage();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(growthBytes);
  }, 3_600_000);
}
