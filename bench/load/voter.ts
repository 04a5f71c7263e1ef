import { answerOf } from '@mgrpo/answers';
import {
  Consumer,
  connectRedis,
  PayloadStore,
  queueNames,
  type VoteJob,
  voteJobSchema,
} from '@mgrpo/queues';
import { consumerSettings, payloadTtlSeconds, tracedJob } from '@mgrpo/service';
import { createLogger, createMetrics, createRegistry, quietTracer } from '@mgrpo/telemetry';
import { loadTokenizer } from '@mgrpo/tokenizer';
import { vote, votesInHand } from '../../services/voter/src/vote.ts';
import { writeTokenizer } from './responses.ts';
import { type LoadSettings, loadConfig, loadRunId, type Placement } from './settings.ts';
import { tell, tellUsage } from './usage.ts';
import { bareRef } from './workers.ts';

/** The voter service without its ports. */
export async function runVoter({
  settings,
  placement,
}: {
  settings: LoadSettings;
  placement: Placement;
}): Promise<void> {
  const config = loadConfig(settings, placement);
  const log = createLogger({ service: 'load', level: 'warn' });
  const tokenizer = await loadTokenizer(await writeTokenizer(placement.folder));
  const tracer = quietTracer();
  const ballot = {
    runId: loadRunId,
    payloads: new PayloadStore(
      connectRedis(placement.redisUrl, config.deployment.deadlines.redisMs),
      payloadTtlSeconds,
    ),
    metrics: createMetrics(createRegistry('voter'), [
      'groups',
      'groupSeconds',
      'droppedRollouts',
      'droppedGroups',
    ]),
    options: {
      algorithm: config.algorithm,
      decode: (tokens: Int32Array) => tokenizer.decode(tokens, { skipSpecial: true }),
      answerOf: (text: string) => answerOf(text, config.answer.extractor),
    },
  };
  new Consumer({
    ...consumerSettings(config, loadRunId, log),
    queue: queueNames.vote,
    schema: voteJobSchema,
    concurrency: votesInHand,
    handle: tracedJob<VoteJob>({
      name: 'vote',
      tracer,
      log,
      describe: ({ iteration }) => ({ iteration }),
      handle: (job, span) =>
        settings.bare ? bareRef(job.data.key) : vote(job, { ...ballot, span }),
    }),
  });
  tellUsage(() => ({ engineMs: 0, ended: [] }));
  tell({ kind: 'ready', port: 0 });
}
