import { rolloutCounts } from '@mgrpo/algorithm';
import { answerOf } from '@mgrpo/answers';
import type { RunConfig } from '@mgrpo/config';
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
import { contracts, encodeMessage, wireRole } from '@mgrpo/rpc';
import {
  assembleGroups,
  consumerSettings,
  decodeRollouts,
  joinRun,
  openServers,
  payloadTtlSeconds,
  type RunningService,
  redisUrlOf,
  runService,
  type ServiceContext,
} from '@mgrpo/service';
import { createMetrics, type Metrics } from '@mgrpo/telemetry';
import { loadTokenizer } from '@mgrpo/tokenizer';
import { countVerdict } from './count-verdict.ts';
import { type VoteOptions, verdictToWire, voteQuestion } from './vote-group.ts';
import { voterRpc } from './voter-rpc.ts';

/** Runs a voter as this process; returns its exit code. */
export function main(config: RunConfig): Promise<number> {
  return runService('voter', config, startVoter);
}

// Votes are short; several at once hide the trips to Redis.
const votesInHand = 16;

/** Filters, votes and rewards: takes a question's rollouts from Redis, leaves its verdicts there. Stateless. */
export async function startVoter({
  config,
  log,
  registry,
}: ServiceContext): Promise<RunningService> {
  const [tokenizer, { runId }] = await Promise.all([
    loadTokenizer(config.model.path),
    joinRun(config),
  ]);
  const redis = connectRedis(redisUrlOf(config));
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
    listen: config.deployment.voter,
    services: [{ definition: contracts.VoterService.service, implementation: voterRpc(options) }],
    registry,
    notReady: () => null,
  });
  const consumer = new Consumer({
    ...consumerSettings(config, runId, log),
    queue: queueNames.vote,
    schema: voteJobSchema,
    concurrency: votesInHand,
    handle: (job) => vote(job, { runId, payloads, options, metrics }),
  });
  return {
    port: servers.port,
    metricsPort: servers.metricsPort,
    failed: new Promise(() => {}),
    close: async () => {
      servers.drain();
      await consumer.close();
      await servers.close(500);
      redis.disconnect();
    },
  };
}

interface Ballot {
  runId: string;
  payloads: PayloadStore;
  options: VoteOptions;
  metrics: Metrics<'groups' | 'groupSeconds' | 'droppedRollouts' | 'droppedGroups'>;
}

async function vote(
  { data, addedAtMs, children }: ReceivedJob<VoteJob>,
  { runId, payloads, options, metrics }: Ballot,
): Promise<PayloadRef> {
  const refs = await children();
  const bytes = await Promise.all(refs.map((ref) => payloads.get(ref)));
  const parts = bytes.map((each, i) => decodeRollouts(each, refs[i]!.key));
  const { iteration, weightVersion, prompts, gold } = data;
  const { policy: numPolicy, momentum: numMomentum } = rolloutCounts(options.algorithm);
  const groups = assembleGroups(parts.flat(), {
    runId,
    iteration,
    weightVersion,
    prompts: prompts.map(({ prompt }) => prompt),
    numPolicy,
    numMomentum,
  });
  const verdicts = voteQuestion({ groups, gold }, options);
  for (const verdict of verdicts) countVerdict(verdict, metrics);
  const chunks = refs.map(({ key, sha256 }, i) => {
    const { prompt, role } = parts[i]![0]!;
    return { prompt, key, sha256, role: wireRole[role] };
  });
  const message = encodeMessage(contracts.QuestionVerdict, {
    groups: prompts.map(({ prompt, tokens }, i) => ({
      ...verdictToWire(verdicts[i]!),
      runId,
      iteration,
      prompt,
      weightVersion,
      promptTokenIds: tokens,
      // In the order of the group, so that the verdict's bytes don't depend on which job ended first.
      chunks: chunks
        .filter((chunk) => chunk.prompt === prompt)
        .sort((a, b) => (a.key < b.key ? -1 : 1)),
    })),
  });
  const ref = await payloads.put(data.key, message);
  metrics.groupSeconds.observe((Date.now() - addedAtMs) / 1000);
  return { ...ref, generatedAtMs: Math.max(...refs.map((each) => each.finishedAtMs ?? 0)) };
}
