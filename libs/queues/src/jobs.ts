import { MgrpoError } from '@mgrpo/errors';
import { z } from 'zod';

/** The queues of a run. Policy and momentum rollouts wait in separate ones, so their workers scale separately. */
export const queueNames = {
  policy: 'rollout-policy',
  momentum: 'rollout-momentum',
  vote: 'vote',
  learn: 'learn',
  evaluate: 'evaluate',
} as const;

export type QueueName = (typeof queueNames)[keyof typeof queueNames];

/**
 * Stands beside a job's data where the coordinator traces, for its spans; no part of what the job is: its id, its
 * payload and their hashes don't depend on it.
 */
export const traceKey = 'traceparent';

// Far above what a run has: a job that says more is not one of ours.
const maxTokens = 1 << 20;
const maxRollouts = 1 << 16;
const maxPrompts = 1 << 16;
const maxAnswerCharacters = 1 << 16;

const count = z.int().min(0);
const tokens = z.array(count).max(maxTokens);
const name = z.string().min(1).max(64);
const key = z.string().min(1).max(256);

const samplingSchema = z.strictObject({
  temperature: z.number().min(0).max(1000),
  topP: z.number().min(0).max(1),
  topK: count,
  maxResponseTokens: z.int().min(1).max(maxTokens),
  /** Rollouts bring their self-certainties, which only some rewards need. */
  selfCertainty: z.boolean(),
});

/** A prompt by its position in the iteration or among the validation problems. */
const promptSchema = z.strictObject({ prompt: count, tokens });

/** Of the jobs' data, which `JobTrees` writes into each: raised when an older worker would misread them. */
export const jobFormat = 1;
const format = z.literal(jobFormat, 'is of another version of this program').optional();

/** Generate responses for some prompts with one role's weights of exactly this version. */
export const rolloutJobSchema = z.strictObject({
  format,
  runId: name,
  purpose: z.enum(['train', 'eval']),
  role: z.enum(['policy', 'momentum']),
  /** Iteration for training, weight version for evaluation: with purpose it selects the random stream. */
  iteration: count,
  weightVersion: count,
  prompts: z.array(promptSchema).min(1).max(maxPrompts),
  firstRollout: count,
  numRollouts: z.int().min(1).max(maxRollouts),
  sampling: samplingSchema,
  /** Where the payload goes. */
  key,
});

/** Filter, label and reward the groups of one question, once all their rollouts are there. */
export const voteJobSchema = z.strictObject({
  format,
  runId: name,
  iteration: count,
  weightVersion: count,
  /** One prompt, or the two wordings of a question that label each other. */
  prompts: z
    .array(promptSchema)
    .min(1)
    .max(2)
    .refine((prompts) => prompts[0]?.prompt !== prompts[1]?.prompt, 'wordings need two positions'),
  /** The canonical gold answer; null unless the run's method is labelled. */
  gold: z.string().min(1).max(maxAnswerCharacters).nullable(),
  key,
});

/** Train on the iteration, once all its questions have voted. */
export const learnJobSchema = z.strictObject({
  format,
  runId: name,
  iteration: count,
  weightVersion: count,
});

/** Score the responses to the validation problems, once all are there. */
export const evaluateJobSchema = z.strictObject({
  format,
  runId: name,
  version: count,
});

export type RolloutJob = z.infer<typeof rolloutJobSchema>;
export type VoteJob = z.infer<typeof voteJobSchema>;
export type LearnJob = z.infer<typeof learnJobSchema>;
export type EvaluateJob = z.infer<typeof evaluateJobSchema>;

/** What a job returns: where its payload lies and what it hashes to. */
export const payloadRefSchema = z.strictObject({
  key,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** When the group's last rollout was there, milliseconds since the epoch; for metrics only. */
  generatedAtMs: z.number().optional(),
  /** When this payload was there. */
  finishedAtMs: z.number().optional(),
});

export type PayloadRef = z.infer<typeof payloadRefSchema>;

/** `value` as `schema` has it; what comes out of Redis is input. */
export function parseMessage<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new MgrpoError('INVALID_MESSAGE', `${what}: ${z.prettifyError(parsed.error)}`);
}
