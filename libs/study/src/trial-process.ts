// One trial in a process of its own, forked by `runStudy`: it writes the trial's files when all is done, the
// records last, so records that are there are whole. Its parent may kill it at any time.
import { messageOf } from '@mgrpo/errors';
import { GroupsRecorder, groupsExtension } from './groups-file.ts';
import { writeResult } from './result-file.ts';
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

// Ctrl-C reaches every process of a terminal: what becomes of the trial is the parent's to say.
process.on('SIGINT', () => {});
// Nobody waits for a trial whose parent has gone. An exit would end engine threads in the middle of a run, which aborts.
const endAtOnce = () => process.kill(process.pid, 'SIGKILL');
process.once('disconnect', endAtOnce);

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
  writeResult(path, lines.join(''));
}

function finish(message: TrialMessage): void {
  send(message);
  process.off('disconnect', endAtOnce);
  process.disconnect();
}
