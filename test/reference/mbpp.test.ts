import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  benchmarkNamed,
  goldResponse,
  judgeResponse,
  openBenchmarkRows,
  type Problem,
  readProblems,
} from '@mgrpo/benchmarks';
import { openSandbox } from '@mgrpo/sandbox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const path = join(import.meta.dirname, '../../../shared/data/mbpp.jsonl');
const sandbox = await openSandbox({ searchPath: process.env.PATH ?? '' }).catch(
  (error: unknown) => {
    console.log(`MBPP: ${error}; its tests are skipped`);
    return null;
  },
);
afterAll(() => sandbox?.close());

/** Reference solutions that import more than the standard library; of MBPP's 974 none does. */
const needMore: readonly string[] = [];

describe.skipIf(sandbox === null || !existsSync(path))(
  'MBPP in the sandbox (skipped without ../shared/data or bubblewrap)',
  () => {
    // Every split, not the test split alone.
    const { rows: _split, ...mbpp } = benchmarkNamed('mbpp');
    let problems: readonly Problem[] = [];
    beforeAll(async () => {
      problems = (await readProblems(mbpp, openBenchmarkRows(mbpp, path))).problems;
    });

    /** Ids by how their responses end. */
    async function endings(
      asked: readonly Problem[],
      respond: (solution: string) => string,
    ): Promise<Record<string, string[]>> {
      const ended = await Promise.all(
        asked.map(async (problem) => {
          const response = respond(goldResponse(problem)!);
          const options = { response, runPython: (run: Run) => sandbox!.run(run) };
          return { id: problem.id, ...(await judgeResponse(mbpp, problem, options)) };
        }),
      );
      const groups = Map.groupBy(ended, ({ answer }) => answer ?? 'no code');
      const ids = [...groups].map(([kind, of]) => [kind, of.map(({ id }) => id)] as const);
      return Object.fromEntries(ids);
    }

    test('every reference solution that needs only the standard library passes', async () => {
      expect(problems).toHaveLength(974);
      const { passed, ...others } = await endings(problems, (solution) => solution);
      expect(others).toEqual(needMore.length === 0 ? {} : { failed: needMore });
      expect(passed).toHaveLength(974 - needMore.length);
    }, 600_000);

    test.each([
      [
        'that return something else',
        (body: string) => body.replaceAll(/\breturn\b/g, 'return 0.5,'),
      ],
      ['that leave before the tests', (body: string) => `import sys\nsys.exit(0)\n${body}`],
      ['without a body', () => 'pass'],
    ])('solutions %s fail', async (_how, mutate) => {
      const some = problems.filter((_problem, index) => index % 40 === 7);
      const { passed = [], ...others } = await endings(some, (response) => {
        const [, body] = /^```python\n([\s\S]*)\n```$/.exec(response)!;
        return `\`\`\`python\n${mutate(body!)}\n\`\`\``;
      });
      expect(passed).toEqual([]);
      expect(Object.values(others).flat()).toHaveLength(some.length);
    });
  },
);

type Run = Parameters<NonNullable<typeof sandbox>['run']>[0];
