import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { z } from 'zod';
import {
  decodeHeader,
  encodeGroup,
  encodeHeader,
  type GroupsHeader,
  groupDecoder,
  outcomeOf,
  type RecordedStream,
} from './groups-format.ts';
import type { StudiedIteration } from './one-process-run.ts';
import { writeResult } from './result-file.ts';

/** End of the name of a file of recorded groups. */
export const groupsExtension = '.groups.jsonl.gz';

/**
 * Records the groups of a trial for `mgrpo replay`: a compressed file of one line for each group, about 0.3 MB for
 * 300 iterations of 8 groups of 32 rollouts with short answers.
 */
export class GroupsRecorder {
  readonly #lines: string[];

  /** @param header `title` names the trial for people */
  constructor(header: Pick<GroupsHeader, 'title' | 'algorithm'>) {
    this.#lines = [encodeHeader(header)];
  }

  /** Adds an iteration's groups, gold answers included. */
  add({ iteration, groups }: StudiedIteration): void {
    for (const [prompt, { problem, verdict }] of groups.entries()) {
      const { label, members } = verdict;
      this.#lines.push(
        encodeGroup({
          iteration,
          prompt,
          gold: problem.answer,
          label: label.kind === 'none' ? null : label.answer,
          members,
          outcomes: members.map(outcomeOf),
        }),
      );
    }
  }

  /** Writes the file whole or not at all. */
  write(path: string): void {
    writeResult(path, gzipSync(`${this.#lines.join('\n')}\n`));
  }
}

/** Reads recorded groups; NOT_FOUND without a file, CORRUPT names the line that is wrong. */
export function readGroups(path: string): RecordedStream {
  const [first = '', ...lines] = linesOf(path);
  const { title, algorithm } = parse(path, 1, () => decodeHeader(first));
  const decode = parse(path, 1, () => groupDecoder(algorithm));
  const groups = lines.map((line, index) => parse(path, index + 2, () => decode(line)));
  if (groups.length > 0) return { title, algorithm, groups };
  throw new MgrpoError('INVALID_INPUT', `${path} has no groups: nothing was trained`);
}

function linesOf(path: string): string[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new MgrpoError('NOT_FOUND', `can't read ${path}: ${messageOf(cause)}`, { cause });
  }
  try {
    return gunzipSync(bytes).toString('utf8').trimEnd().split('\n');
  } catch (cause) {
    const what = `${path} is no whole gzip file (${messageOf(cause)})`;
    throw new MgrpoError('CORRUPT', `${what}; give a ${groupsExtension} file of a trial`, {
      cause,
    });
  }
}

function parse<T>(path: string, line: number, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : messageOf(cause);
    const what = `${path}:${line} is no record of groups: ${why.replaceAll('\n', ' ')}`;
    throw new MgrpoError('CORRUPT', `${what}; run the trial again`, { cause });
  }
}
