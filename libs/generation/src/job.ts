import { type RandomKey, rolloutKey } from '@mgrpo/algorithm';
import type { Prompt } from './prefill.ts';
import type { GenerationRequest, Rollout, Sampling } from './request.ts';
import type { WeightVersion } from './weight-version.ts';

/** A request on its way through the engine. */
export interface Job {
  readonly request: GenerationRequest;
  readonly weights: WeightVersion;
  readonly stopTokens: ReadonlySet<number>;
  /** Read by the first rollout that is admitted. */
  prompt: Prompt | undefined;
  numAdmitted: number;
  readonly rollouts: Rollout[];
  /** Set when the caller has its answer: done, failed or cancelled. */
  isSettled: boolean;
  resolve(rollouts: Rollout[]): void;
  reject(error: unknown): void;
}

/** A job for `request`, and the promise that it settles. */
export function newJob(
  request: GenerationRequest,
  weights: WeightVersion,
): { job: Job; promise: Promise<Rollout[]> } {
  const { promise, resolve, reject } = Promise.withResolvers<Rollout[]>();
  const job: Job = {
    request,
    weights,
    stopTokens: new Set(request.sampling.stopTokenIds),
    prompt: undefined,
    numAdmitted: 0,
    rollouts: [],
    isSettled: false,
    resolve,
    reject,
  };
  return { job, promise };
}

/** A rollout that is being sampled. */
export interface Draft {
  readonly job: Job;
  readonly index: number;
  readonly key: RandomKey;
  readonly tokens: number[];
  readonly logprobs: number[];
  readonly entropies: number[];
  /** Null where the request does not ask for them. */
  readonly selfCertainties: number[] | null;
}

/** What one run drew for one row. */
export interface Drawn {
  readonly token: number;
  readonly logprob: number;
  readonly entropy: number;
  /** 0 where the graph does not compute it. */
  readonly selfCertainty: number;
}

/** The next rollout of a job. */
export function nextDraft(job: Job): Draft {
  const index = job.request.firstRollout + job.numAdmitted++;
  const key = rolloutKey(job.request.stream, index);
  const selfCertainties = job.request.sampling.selfCertainty ? [] : null;
  return { job, index, key, tokens: [], logprobs: [], entropies: [], selfCertainties };
}

/** Position of a draft's last token, counted from the prompt's first. */
export function lastPosition({ job, tokens }: Draft): number {
  return job.request.promptTokens.length + tokens.length - 1;
}

/** Adds a token; returns why the rollout ends with it, or null while it goes on. */
export function addToken(draft: Draft, drawn: Drawn): Rollout['finishReason'] | null {
  draft.tokens.push(drawn.token);
  draft.logprobs.push(drawn.logprob);
  draft.entropies.push(drawn.entropy);
  draft.selfCertainties?.push(drawn.selfCertainty);
  if (draft.job.stopTokens.has(drawn.token)) return 'stop';
  return draft.tokens.length >= draft.job.request.sampling.maxResponseTokens ? 'length' : null;
}

/** Hands a finished draft to its job, and the job to its caller when it was the last. */
export function finishDraft(draft: Draft, finishReason: Rollout['finishReason']): void {
  const { job, index, tokens, logprobs, entropies, selfCertainties } = draft;
  job.rollouts.push({
    index,
    tokens: Int32Array.from(tokens),
    logprobs: Float32Array.from(logprobs),
    entropies: Float32Array.from(entropies),
    selfCertainties: selfCertainties && Float32Array.from(selfCertainties),
    finishReason,
  });
  if (job.rollouts.length < job.request.numRollouts) return;
  job.isSettled = true;
  job.resolve(job.rollouts.sort((a, b) => a.index - b.index));
}

/** Gives up a job; its drafts are dropped at the next step. */
export function failJob(job: Job, error: unknown): void {
  if (job.isSettled) return;
  job.isSettled = true;
  job.reject(error);
}

/**
 * How many candidates a request draws from, and with that which graph: a function of the request alone, so
 * that a rollout's bits do not depend on the company it keeps.
 */
export function candidatesOf(sampling: Sampling, vocabSize: number): 'all' | number {
  const { temperature, topK, topP } = sampling;
  if (temperature === 0 || (topP >= 1 && (topK === 0 || topK >= vocabSize))) return 'all';
  if (topK === 0) return vocabSize;
  return Math.min(vocabSize, 2 ** Math.ceil(Math.log2(topK)));
}
