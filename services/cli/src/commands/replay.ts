import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { runFiles } from '@mgrpo/checkpoint';
import { MgrpoError } from '@mgrpo/errors';
import {
  type RecordedStream,
  readGroups,
  readRunGroups,
  replayCsv,
  replayStream,
  replayText,
  writeResult,
} from '@mgrpo/study';

export interface ReplayFlags {
  readonly prompts?: string;
  readonly json?: boolean;
  readonly out?: string;
}

/** Judges a recorded run or trial by every filter and vote rule and prints what each would have done. */
export async function replay(source: string, flags: ReplayFlags): Promise<number> {
  const result = replayStream(await readStream(source, flags));
  if (flags.out !== undefined) {
    writeResult(join(flags.out, 'replay.json'), `${JSON.stringify(result, null, 2)}\n`);
    writeResult(join(flags.out, 'replay.csv'), replayCsv(result));
    writeResult(join(flags.out, 'replay.txt'), replayText(result));
  }
  process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : replayText(result));
  return 0;
}

async function readStream(source: string, { prompts }: ReplayFlags): Promise<RecordedStream> {
  if (existsSync(join(source, runFiles.manifest))) {
    const warn = (message: string) => process.stderr.write(`mgrpo: ${message}\n`);
    return await readRunGroups(source, { prompts: prompts ?? null, warn });
  }
  if (!existsSync(source) || statSync(source).isDirectory()) {
    const what = existsSync(source) ? `${source} holds no run` : `${source} is not there`;
    const remedy = "give a run folder, or a trial's file of groups (*.groups.jsonl.gz)";
    throw new MgrpoError('NOT_FOUND', `${what}; ${remedy}`);
  }
  if (prompts === undefined) return readGroups(source);
  const what = "--prompts is for run folders: a trial's file has its gold answers";
  throw new MgrpoError('USAGE', `${what}; leave it out`);
}
