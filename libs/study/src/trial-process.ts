// One trial in a process of its own, forked by `runStudy`: it writes the trial's files when all is done, the
// records last, so records that are there are whole. Its parent may kill it at any time.
import { renameSync, writeFileSync } from 'node:fs';
import { messageOf } from '@mgrpo/errors';
import { GroupsRecorder, groupsExtension } from './groups-file.ts';
import { runTrial, type TrialOptions } from './trial.ts';
import type { TrialRecord } from './trial-record.ts';

/** What the parent sends, once. */
export interface TrialOrder {
  readonly trial: TrialOptions;
  readonly path: string;
}

/** What the process answers: progress, and how it ended. */
export type TrialMessage =
  | { readonly kind: 'applied'; readonly iterations: number }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly message: string };

const send = (message: TrialMessage) => process.send?.(message);

process.once('message', (order: TrialOrder) => {
  work(order).then(
    () => finish({ kind: 'done' }),
    (error: unknown) => finish({ kind: 'failed', message: messageOf(error) }),
  );
});

async function work({ trial, path }: TrialOrder): Promise<void> {
  const lines: string[] = [];
  const record = (entry: TrialRecord) => {
    lines.push(`${JSON.stringify(entry)}\n`);
    if (entry.kind === 'iteration') send({ kind: 'applied', iterations: entry.iteration + 1 });
  };
  const title = `${trial.base} · ${trial.arm} · seed ${trial.seed}`;
  const groups = new GroupsRecorder({ title, algorithm: trial.config.algorithm });
  await runTrial(trial, { record, iteration: (iteration) => groups.add(iteration) });
  groups.write(path.replace(/\.jsonl$/, groupsExtension));
  writeFileSync(`${path}.new`, lines.join(''));
  renameSync(`${path}.new`, path);
}

function finish(message: TrialMessage): void {
  send(message);
  process.disconnect();
}
