import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import type { Reporter, TestModule } from 'vitest/node';

/** Ends the output with the one line that a person or a CI looks for: `Tests: 12 passed, 0 failed, 1 skipped`. */
const finalCount: Reporter = {
  onTestRunEnd(modules: readonly TestModule[]) {
    const count = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      // A file that fails to load has no tests: it counts as one failure.
      if (module.errors().length > 0) count.failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        count[state === 'pending' ? 'skipped' : state]++;
      }
    }
    // After the other reporters, whose summaries are written in the same turn.
    setImmediate(() =>
      console.log(
        `Tests: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`,
      ),
    );
  },
};

/** Leaves the files that failed, a line each, where `.ci/run` finds them to run them again alone. */
const failedFiles: Reporter = {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors) {
    const failed = modules.filter((module) => !module.ok()).map(({ moduleId }) => moduleId);
    // What escaped from a test is told with its file, or with none: then no file can clear it.
    for (const { VITEST_TEST_PATH: path } of unhandledErrors) failed.push(String(path));
    const lines = [...new Set(failed)].map((path) => `${path}\n`);
    writeFileSync(join(import.meta.dirname, 'node_modules/.failed-tests'), lines.join(''));
  },
};

export default defineConfig({
  test: {
    include: ['libs/*/src/**/*.test.ts', 'services/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    pool: 'forks',
    // ONNX Runtime sessions and service processes take both cores: more files at once only slow each other.
    maxWorkers: 2,
    // Only a hang takes so long, also where other work shares the machine.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    reporters: ['default', finalCount, failedFiles],
  },
});
