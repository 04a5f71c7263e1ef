import { methods, rolloutCounts } from '@mgrpo/algorithm';
import type { RunConfig } from '@mgrpo/config';
import {
  connectRedis,
  JobTrees,
  livingServices,
  PayloadStore,
  queueNames,
  queuePrefix,
} from '@mgrpo/queues';
import { contracts } from '@mgrpo/rpc';
import {
  joinRun,
  learnerAddress,
  openServers,
  payloadTtlSeconds,
  type RunningService,
  redisAddressOf,
  runService,
  type ServiceContext,
  showPresence,
} from '@mgrpo/service';
import { loadTokenizer, openPromptEncoder } from '@mgrpo/tokenizer';
import { Coordinator } from './coordinator.ts';
import { coordinatorRpc } from './coordinator-rpc.ts';
import { openEvaluationConsumer } from './evaluation-consumer.ts';
import { LearnerView } from './learner-view.ts';
import { planEvaluation, planIteration } from './plan.ts';
import { loadProblems, loadQuestions } from './prompts.ts';
import { quarantine } from './quarantine.ts';
import { RunMetrics } from './run-metrics.ts';
import { runStatus } from './run-status.ts';

/** Runs the coordinator as this process; returns its exit code. */
export function main(config: RunConfig): Promise<number> {
  return runService('coordinator', config, startCoordinator, { isSingle: true });
}

// Of one evaluation job: fills a batch, and is spread over several workers.
const problemsPerJob = 64;

/** Adds the iterations' jobs, evaluates, repairs what was lost, and tells how the run goes. */
export async function startCoordinator(context: ServiceContext): Promise<RunningService> {
  const { config, log, registry, tracer, security, joined } = context;
  const tokenizer = await loadTokenizer(config.model.path);
  const encode = await openPromptEncoder(config.model.path, tokenizer, config.prompts);
  const [questions, problems, state] = await Promise.all([
    loadQuestions(config, encode, context),
    loadProblems(config, encode, context),
    joinRun(config, security),
  ]);
  const { runId } = state;
  joined(runId);
  const redis = connectRedis(redisAddressOf(config), config.deployment.deadlines.redisMs);
  const payloads = new PayloadStore(redis, payloadTtlSeconds);
  const { jobs, deadlines, redis: redisConfig } = config.deployment;
  const prefix = queuePrefix(redisConfig.prefix, runId);
  const trees = new JobTrees({ redis, prefix, attempts: jobs.attempts });
  const metrics = new RunMetrics(registry);
  let onState = () => {};
  const learner = new LearnerView(state, {
    address: learnerAddress(config),
    security,
    rpcDeadlineMs: deadlines.rpcMs,
    reconnectDelayMs: 200,
    log,
    onState: () => onState(),
    onConnection: (isConnected) => metrics.learner(isConnected),
  });
  const living = () => livingServices(redis, prefix);
  const passes = evaluationPasses(config);
  const coordinator = new Coordinator({
    runId,
    total: config.iterations,
    lag: config.lag,
    evaluateEvery: problems.length === 0 ? 0 : config.evaluation.everyIterations,
    trees,
    learner,
    planIteration: (iteration) => planIteration(iteration, questions, planOptions(config, runId)),
    planEvaluation: (version) =>
      planEvaluation(
        version,
        problems.map(({ tokens }) => tokens),
        { runId, problemsPerJob, passes },
      ),
    pollMs: 500,
    maxRebuilds: 5,
    attempts: jobs.attempts,
    processesOf: async (queue) =>
      (await living()).filter(({ service }) => queueOf(service) === queue).length,
    quarantine: (job) => quarantine(job, { trees, payloads, learner }),
    iterationDeadlineMs: deadlines.iterationMs,
    outageDeadlineMs: deadlines.outageMs,
    log,
    metrics,
    tracer,
  });
  onState = () => coordinator.publish();
  const consumer = openEvaluationConsumer(context, {
    ...{ runId, payloads, problems, tokenizer, learner },
    temperatures: passes.map(({ sampling }) => sampling.temperature),
  });
  const servers = await openServers({
    context,
    listen: config.deployment.coordinator,
    services: [
      {
        definition: contracts.CoordinatorService.service,
        implementation: coordinatorRpc(coordinator, () =>
          runStatus({ coordinator, learner, trees, living, deadlines }),
        ),
      },
    ],
    notReady: () => null,
  });
  const presence = showPresence({
    ...{ config, runId, service: 'coordinator', redis, servers, log },
    jobs: () => consumer.inHand,
  });
  return {
    port: servers.port,
    metricsPort: servers.metricsPort,
    failed: new Promise(() => {}),
    close: async () => {
      servers.drain();
      await coordinator.close();
      await consumer.close();
      await learner.close();
      await servers.close(500);
      await trees.close();
      presence.close();
      redis.disconnect();
    },
  };
}

/** The queue whose jobs a service takes. */
function queueOf(service: string): string | undefined {
  const queues: Readonly<Record<string, string>> = {
    'policy-rollout': queueNames.policy,
    'momentum-rollout': queueNames.momentum,
    voter: queueNames.vote,
    learner: queueNames.learn,
    coordinator: queueNames.evaluate,
  };
  return queues[service];
}

function planOptions(config: RunConfig, runId: string) {
  const { seed, lag, algorithm, sampling, deployment } = config;
  return {
    runId,
    seed,
    lag,
    algorithm,
    rollouts: rolloutCounts(algorithm),
    rolloutsPerJob: deployment.rollout.rolloutsPerJob,
    sampling: { ...sampling, selfCertainty: methods[algorithm.method].needsSelfCertainty },
  };
}

/** Greedy always, so that mere sharpening of the distribution can't pass for progress; and as configured. */
function evaluationPasses({ evaluation, sampling }: RunConfig) {
  const plain = { ...sampling, topP: 1, topK: 0, selfCertainty: false };
  const greedy = { samples: 1, sampling: { ...plain, temperature: 0 } };
  if (evaluation.temperature === 0) return [greedy];
  const { samples, temperature } = evaluation;
  return [greedy, { samples, sampling: { ...plain, temperature } }];
}
