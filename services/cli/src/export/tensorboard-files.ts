import { eventFile } from './event-file.ts';
import type { ExportedFile, ExportedRun } from './exported-run.ts';

/** One event file in a folder of the run's name, so that `--out` is a log directory of several runs. */
export function tensorboardFiles({ name, id, rows, startMs }: ExportedRun): ExportedFile[] {
  const events = rows.map(({ timeMs, ...row }) => ({ ...row, wallTime: timeMs / 1000 }));
  // TensorBoard knows event files by "tfevents" in the name; the same name again replaces the last export.
  const path = `${name}/events.out.tfevents.mgrpo-${id.slice(0, 12)}`;
  return [{ path, content: eventFile(events, startMs / 1000) }];
}
