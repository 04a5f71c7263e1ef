import { setTimeout as sleep } from 'node:timers/promises';
import { MgrpoError } from '@mgrpo/errors';
import { type CallContext, serveEngine, withTransfer } from './serve-engine.ts';

/** The engine thread of engine.test.ts. */
const handlers = (init: { readonly greeting: string }) => ({
  greet: (name: string) => `${init.greeting}, ${name}`,
  twice: (values: Float32Array) => {
    const doubled = values.map((x) => 2 * x);
    return withTransfer(doubled, [doubled.buffer]);
  },
  fail: (code: 'NOT_FOUND') => {
    throw new MgrpoError(code, 'no weights of version 7 here; send them first');
  },
  wait: async (ms: number, { signal }: CallContext) => {
    await sleep(ms, undefined, { signal });
    return 'waited';
  },
  crash: () => {
    setImmediate(() => {
      throw new Error('segmentation of the imagination');
    });
    return sleep(60_000);
  },
});

export type FixtureHandlers = ReturnType<typeof handlers>;

serveEngine(
  (init: { readonly greeting: string }) => {
    if (init.greeting === '') throw new MgrpoError('INVALID_CONFIG', 'greeting is empty');
    return handlers(init);
  },
  { order: 'concurrent' },
);
