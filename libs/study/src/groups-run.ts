import { join } from 'node:path';
import { evidenceKind, methods } from '@mgrpo/algorithm';
import { RunFolder, readJournal, runFiles } from '@mgrpo/checkpoint';
import { parseRunConfig, type RunConfig } from '@mgrpo/config';
import { MgrpoError } from '@mgrpo/errors';
import { contracts, decodeStored, type GroupVerdict__Output, roleFromWire } from '@mgrpo/rpc';
import { loadTokenizer } from '@mgrpo/tokenizer';
import type { Outcome, RecordedGroup, RecordedStream } from './groups-format.ts';
import { readProblems } from './problems.ts';

type MemberOfRun = GroupVerdict__Output['members'][number];

/** The gold answer of a group of a run; null: not known. */
type GoldOf = (group: GroupVerdict__Output) => string | null;

/**
 * The groups of a run's journal, whether it has ended or goes on.
 *
 * @param prompts file whose answers are taken as gold; null: none are known, unless the run trained on them
 */
export async function readRunGroups(
  folder: string,
  { prompts, warn }: { readonly prompts: string | null; readonly warn: (message: string) => void },
): Promise<RecordedStream> {
  const run = await RunFolder.open(folder, { warn });
  const config = parseRunConfig(run.config, join(folder, runFiles.config));
  const goldOf = await goldAnswers(prompts, config);
  const groups: RecordedGroup[] = [];
  let iteration = 0;
  for await (const payload of readJournal(join(folder, runFiles.journal), warn)) {
    const what = `${folder}: journal record of iteration ${iteration}`;
    const batch = decodeStored(contracts.TrainingBatch, payload, what);
    const golds = batch.groups.map(goldOf);
    groups.push(...batch.groups.map((group, at) => recordedGroup(group, golds[at] ?? null, what)));
    iteration += 1;
  }
  if (groups.length > 0) return { title: folder, algorithm: config.algorithm, groups };
  throw new MgrpoError('INVALID_INPUT', `${folder} has no groups yet: no iteration was trained`);
}

async function goldAnswers(prompts: string | null, config: RunConfig): Promise<GoldOf> {
  // The label of a labelled method is the gold answer.
  if (evidenceKind(methods[config.algorithm.method]) === 'gold') {
    return ({ pseudoLabel }) => pseudoLabel;
  }
  if (prompts === null) return () => null;
  const tokenizer = await loadTokenizer(config.model.path);
  const problems = await readProblems(prompts, config, tokenizer);
  const answers = new Map(problems.map(({ tokens, answer }) => [tokens.join(), answer]));
  return ({ promptTokenIds }) => answers.get(promptTokenIds.join()) ?? null;
}

function recordedGroup(
  group: GroupVerdict__Output,
  gold: string | null,
  what: string,
): RecordedGroup {
  const { iteration, prompt, hasLabel, pseudoLabel } = group;
  if (group.numVotes > 0 && group.members.every(({ answer }) => answer === undefined)) {
    throw new MgrpoError(
      'INCOMPATIBLE',
      `${what} has votes but no answers: the run is of a version that did not keep them; run it again`,
    );
  }
  const members = group.members.map((member) => ({
    role: roleFromWire(member.role),
    index: member.index,
    answer: member.answer ?? null,
    entropy: member.entropy,
    selfCertainty: member.selfCertainty ?? null,
    numTokens: member.numTokens,
  }));
  const outcomes = group.members.map(outcomeOfMember);
  return { iteration, prompt, gold, label: hasLabel ? pseudoLabel : null, members, outcomes };
}

function outcomeOfMember({ votes, trains, dropped }: MemberOfRun): Outcome {
  if (votes && trains) return 'votes-and-trains';
  if (votes) return 'votes';
  return trains ? 'trains' : (dropped as Outcome);
}
