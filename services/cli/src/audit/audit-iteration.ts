import { answerOf } from '@mgrpo/answers';
import { type AskedQuestion, questionsOfIteration } from '@mgrpo/datasets';
import {
  contracts,
  decodeMessage,
  encodeMessage,
  type GroupVerdict,
  type TrainingBatch__Output,
} from '@mgrpo/rpc';
import { judgeJob } from '@mgrpo/service';
import { readTrainingQuestions } from '@mgrpo/study';
import type { RecordedRun } from './recorded-run.ts';
import { type ResampledPayload, resample } from './resample.ts';
import { type Retrained, retrain } from './retrain.ts';

/** One claim of the record, and whether computing it again bears it out. */
interface AuditFinding {
  readonly claim: 'base model' | 'weights' | 'prompts' | 'rollouts' | 'votes' | 'update';
  readonly agrees: boolean;
  /** What was compared, and the first difference. */
  readonly detail: string;
}

export interface AuditReport {
  readonly runId: string;
  readonly iteration: number;
  readonly weightVersion: number;
  /** Iterations trained again on the way, from this one on. */
  readonly fromIteration: number;
  /** Set where the run was begun on another machine, and its bits may differ here. */
  readonly otherMachine: string | null;
  readonly findings: readonly AuditFinding[];
  readonly agrees: boolean;
}

/**
 * Derives one iteration of a run again from its journal, checkpoints, base model and prompts: the weights that
 * sampled, the prompts, every rollout of both models, the votes, and the update; and says which of them have the
 * recorded bits.
 */
export async function auditIteration(
  run: RecordedRun,
  iteration: number,
  onApplied: (applied: number) => void,
): Promise<AuditReport> {
  const retrained = await retrain(run, iteration, onApplied);
  const { batch, fromIteration } = retrained;
  const asked = await askedQuestions(run, iteration);
  const payloads = await resample(run, retrained);
  const findings = [
    baseFinding(run),
    weightsFinding(run, retrained),
    promptsFinding(asked, batch),
    rolloutsFinding([...payloads.values()].flat()),
    votesFinding(run, { asked, batch, payloads }),
    updateFinding(run, iteration, retrained),
  ];
  const { runId, otherMachine } = run;
  const { weightVersion } = batch;
  const agrees = findings.every((finding) => finding.agrees);
  return { runId, iteration, weightVersion, fromIteration, otherMachine, findings, agrees };
}

async function askedQuestions(
  { config, tokenizer }: RecordedRun,
  iteration: number,
): Promise<AskedQuestion[]> {
  const { seed, algorithm } = config;
  const questions = await readTrainingQuestions(config, tokenizer);
  return questionsOfIteration(questions, { seed, iteration, algorithm });
}

function baseFinding({ model, baseSha256 }: RecordedRun): AuditFinding {
  return same('base model', model.sha256, baseSha256, 'weights of the base model');
}

function weightsFinding(
  { policySha256, baseSha256 }: RecordedRun,
  { batch: { weightVersion }, sampledSha256 }: Retrained,
): AuditFinding {
  const recorded = weightVersion === 0 ? baseSha256 : policySha256[weightVersion - 1];
  return same('weights', sampledSha256, recorded, `policy of version ${weightVersion}`);
}

function updateFinding(
  { policySha256 }: RecordedRun,
  iteration: number,
  { appliedSha256 }: Retrained,
): AuditFinding {
  return same('update', appliedSha256, policySha256[iteration], 'policy after the iteration');
}

function promptsFinding(
  asked: readonly AskedQuestion[],
  { groups }: TrainingBatch__Output,
): AuditFinding {
  const planned = asked.flatMap(({ prompts }) => prompts);
  const wrong = groups.find(
    ({ prompt, promptTokenIds }, i) =>
      planned[i]?.prompt !== prompt || planned[i].tokens.join() !== promptTokenIds.join(),
  );
  const agrees = wrong === undefined && planned.length === groups.length;
  const detail = `${groups.length} prompts as the seed draws them from the prompts file`;
  return {
    claim: 'prompts',
    agrees,
    detail: agrees ? detail : `${detail}: prompt ${wrong?.prompt ?? groups.length} is another`,
  };
}

function rolloutsFinding(payloads: readonly ResampledPayload[]): AuditFinding {
  const wrong = payloads.filter(({ sha256, recordedSha256 }) => sha256 !== recordedSha256);
  const numRollouts = (some: readonly ResampledPayload[]) =>
    some.flatMap(({ parts }) => parts).reduce((sum, { rollouts }) => sum + rollouts.length, 0);
  const detail = `${numRollouts(payloads)} rollouts in ${payloads.length} payloads`;
  const [first] = wrong;
  return {
    claim: 'rollouts',
    agrees: first === undefined,
    detail:
      first === undefined
        ? detail
        : `${detail}: ${wrong.length} payloads differ, the first ${first.key} is ${first.sha256}, recorded ${first.recordedSha256}`,
  };
}

function votesFinding(
  { config, tokenizer, runId }: RecordedRun,
  {
    asked,
    batch,
    payloads,
  }: {
    asked: readonly AskedQuestion[];
    batch: TrainingBatch__Output;
    payloads: ReadonlyMap<number, readonly ResampledPayload[]>;
  },
): AuditFinding {
  const { iteration, weightVersion } = batch;
  const options = {
    algorithm: config.algorithm,
    decode: (tokens: Int32Array) => tokenizer.decode(tokens, { skipSpecial: true }),
    answerOf: (text: string) => answerOf(text, config.answer.extractor),
  };
  const groups = asked.flatMap(({ prompts: wordings, gold }) => {
    const prompts = wordings.map(({ prompt, tokens }) => ({ prompt, tokens: [...tokens] }));
    const rollouts = prompts.flatMap(({ prompt }) => payloads.get(prompt) ?? []);
    const job = { runId, iteration, weightVersion, prompts, gold, key: '' };
    return judgeJob(job, rollouts, options).message.groups ?? [];
  });
  const derived = groups.map(bitsOf);
  const wrong = batch.groups.filter((group, i) => bitsOf(group) !== derived[i]);
  const [first] = wrong;
  const detail = `${batch.groups.length} verdicts: fences, votes, labels, rewards, advantages`;
  return {
    claim: 'votes',
    agrees: first === undefined,
    detail:
      first === undefined
        ? detail
        : `${detail}: ${wrong.length} differ, the first of prompt ${first.prompt}`,
  };
}

/** A verdict's bytes, with every default written out as in one that was read. */
function bitsOf(group: GroupVerdict): string {
  const { GroupVerdict } = contracts;
  const read = decodeMessage(GroupVerdict, encodeMessage(GroupVerdict, group), 'a verdict');
  return encodeMessage(GroupVerdict, read).toString('base64');
}

function same(
  claim: AuditFinding['claim'],
  derived: string,
  recorded: string | undefined,
  what: string,
): AuditFinding {
  const agrees = derived === recorded;
  const difference = `: ${derived}, recorded ${recorded ?? 'nothing'}`;
  return { claim, agrees, detail: `${what}${agrees ? ` ${derived.slice(0, 12)}` : difference}` };
}
