import { answerOf } from '@mgrpo/answers';
import {
  Consumer,
  type EvaluateJob,
  evaluateJobSchema,
  type PayloadStore,
  queueNames,
} from '@mgrpo/queues';
import { consumerSettings, type ServiceContext, tracedJob } from '@mgrpo/service';
import type { Tokenizer } from '@mgrpo/tokenizer';
import { evaluate } from './evaluate.ts';
import type { LearnerView } from './learner-view.ts';
import type { Problem } from './score.ts';

export interface EvaluationParts {
  runId: string;
  payloads: PayloadStore;
  problems: readonly Problem[];
  tokenizer: Tokenizer;
  /** Of the passes. */
  temperatures: readonly number[];
  /** Keeps the scores. */
  learner: LearnerView;
}

/** Scores the responses of each evaluation once all are there. */
export function openEvaluationConsumer(
  { config, log, tracer }: Pick<ServiceContext, 'config' | 'log' | 'tracer'>,
  { runId, payloads, problems, tokenizer, temperatures, learner }: EvaluationParts,
): Consumer<EvaluateJob> {
  const readAnswer = (tokens: Int32Array) =>
    answerOf(tokenizer.decode(tokens, { skipSpecial: true }), config.answer.extractor);
  return new Consumer({
    ...consumerSettings(config, runId, log),
    queue: queueNames.evaluate,
    schema: evaluateJobSchema,
    concurrency: 1,
    handle: tracedJob({
      name: 'score',
      tracer,
      log,
      describe: ({ version }) => ({ attributes: { version } }),
      handle: async (job, { traceparent }) => {
        const passes = await evaluate(job, {
          payloads,
          problems,
          answerOf: readAnswer,
          temperatures,
        });
        await learner.recordEvaluation(job.data.version, JSON.stringify({ passes }), traceparent);
        return null;
      },
    }),
  });
}
