import { answerOf } from '@mgrpo/answers';
import type { RunConfig } from '@mgrpo/config';
import { MgrpoError } from '@mgrpo/errors';
import {
  Consumer,
  connectRedis,
  type PayloadRef,
  PayloadStore,
  queueNames,
  type ReceivedJob,
  type VoteJob,
  voteJobSchema,
} from '@mgrpo/queues';
import { contracts, encodeStored } from '@mgrpo/rpc';
import {
  consumerSettings,
  decodeRollouts,
  joinRun,
  judgeJob,
  openServers,
  payloadTtlSeconds,
  type RunningService,
  redisAddressOf,
  runService,
  type ServiceContext,
  showPresence,
  tracedJob,
  type VoteOptions,
} from '@mgrpo/service';
import { createMetrics, type Metrics, type Span } from '@mgrpo/telemetry';
import { loadTokenizer } from '@mgrpo/tokenizer';
import { countVerdict } from './count-verdict.ts';
import { voterRpc } from './voter-rpc.ts';

/** Runs a voter as this process; returns its exit code. */
export function main(config: RunConfig): Promise<number> {
  return runService('voter', config, startVoter);
}

// Votes are short; several at once hide the trips to Redis.
const votesInHand = 16;

/** Filters, votes and rewards: takes a question's rollouts from Redis, leaves its verdicts there. Stateless. */
export async function startVoter(context: ServiceContext): Promise<RunningService> {
  const { config, log, registry, tracer, security, joined } = context;
  const [tokenizer, { runId }] = await Promise.all([
    loadTokenizer(config.model.path),
    joinRun(config, security),
  ]);
  joined(runId);
  const redis = connectRedis(redisAddressOf(config), config.deployment.deadlines.redisMs);
  const payloads = new PayloadStore(redis, payloadTtlSeconds);
  const metrics = createMetrics(registry, [
    'groups',
    'groupSeconds',
    'droppedRollouts',
    'droppedGroups',
    'refusedAnswers',
  ]);
  const options: VoteOptions = {
    algorithm: config.algorithm,
    decode: (tokens) => tokenizer.decode(tokens, { skipSpecial: true }),
    answerOf: (text) =>
      answerOf(text, config.answer.extractor, (reason) => metrics.refusedAnswers.inc({ reason })),
  };
  const servers = await openServers({
    context,
    listen: config.deployment.voter,
    services: [
      { definition: contracts.VoterService.service, implementation: voterRpc(options, tracer) },
    ],
    notReady: () => null,
  });
  const consumer = new Consumer({
    ...consumerSettings(config, runId, log),
    queue: queueNames.vote,
    schema: voteJobSchema,
    concurrency: votesInHand,
    handle: tracedJob({
      name: 'vote',
      tracer,
      log,
      describe: ({ iteration, weightVersion: version, prompts }) => ({
        iteration,
        attributes: { version, prompts: prompts.length },
      }),
      handle: (job, span) => vote(job, { runId, payloads, options, metrics, span }),
    }),
  });
  const presence = showPresence({
    ...{ config, runId, service: 'voter', redis, servers, log },
    jobs: () => consumer.inHand,
  });
  return {
    port: servers.port,
    metricsPort: servers.metricsPort,
    failed: new Promise(() => {}),
    close: async () => {
      servers.drain();
      await consumer.close();
      await servers.close(500);
      presence.close();
      redis.disconnect();
    },
  };
}

interface Ballot {
  runId: string;
  payloads: PayloadStore;
  options: VoteOptions;
  metrics: Metrics<'groups' | 'groupSeconds' | 'droppedRollouts' | 'droppedGroups'>;
  span: Span;
}

async function vote(
  { data, addedAtMs, children }: ReceivedJob<VoteJob>,
  { runId, payloads, options, metrics, span }: Ballot,
): Promise<PayloadRef> {
  if (data.runId !== runId) {
    throw new MgrpoError('INVALID_MESSAGE', `job of run ${data.runId}; this voter's is ${runId}`);
  }
  const refs = await children();
  const rollouts = await Promise.all(
    refs.map(async (ref) => ({
      ...ref,
      parts: decodeRollouts(await payloads.get(ref), ref.key),
    })),
  );
  const { verdicts, message } = judgeJob(data, rollouts, options);
  for (const verdict of verdicts) countVerdict(verdict, metrics);
  span.set({
    rollouts: verdicts.reduce((sum, { members }) => sum + members.length, 0),
    labels: verdicts.filter(({ label }) => label.kind !== 'none').length,
  });
  const ref = await payloads.put(data.key, encodeStored(contracts.QuestionVerdict, message));
  metrics.groupSeconds.observe((Date.now() - addedAtMs) / 1000);
  return { ...ref, generatedAtMs: Math.max(...refs.map((each) => each.finishedAtMs ?? 0)) };
}
