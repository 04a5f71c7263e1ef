import { answerOf } from '@mgrpo/answers';
import type { RunConfig } from '@mgrpo/config';
import {
  Consumer,
  connectRedis,
  PayloadStore,
  queueNames,
  type VoteJob,
  voteJobSchema,
} from '@mgrpo/queues';
import { contracts } from '@mgrpo/rpc';
import {
  consumerSettings,
  joinRun,
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
import { createMetrics } from '@mgrpo/telemetry';
import { loadTokenizer } from '@mgrpo/tokenizer';
import { type Ballot, vote, votesInHand } from './vote.ts';
import { voterRpc } from './voter-rpc.ts';

const voterMetrics = [
  'groups',
  'groupSeconds',
  'droppedRollouts',
  'droppedGroups',
  'refusedAnswers',
] as const;

/** Runs a voter as this process; returns its exit code. */
export function main(config: RunConfig): Promise<number> {
  return runService('voter', config, startVoter);
}

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
  const metrics = createMetrics(registry, voterMetrics);
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
  const consumer = openVoteConsumer(context, { runId, payloads, options, metrics });
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

function openVoteConsumer(
  { config, log, tracer }: ServiceContext,
  parts: Omit<Ballot, 'span'>,
): Consumer<VoteJob> {
  return new Consumer({
    ...consumerSettings(config, parts.runId, log),
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
      handle: (job, span) => vote(job, { ...parts, span }),
    }),
  });
}
