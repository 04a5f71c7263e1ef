import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rolloutCounts } from '@mgrpo/algorithm';
import { runFiles } from '@mgrpo/checkpoint';
import { configOfRole, type RunConfig, withoutSecrets } from '@mgrpo/config';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { freePort, openRedis, type RedisServer } from '@mgrpo/queues';
import {
  connect,
  contracts,
  type PeerSecurity,
  type RunState__Output,
  serverStream,
} from '@mgrpo/rpc';
import { redisAddressOf } from './queue-settings.ts';
import { requireRunMemory } from './require-memory.ts';
import { logFolder, writeAddresses } from './run-addresses.ts';
import { openPeerSecurity } from './service-security.ts';
import { type SupervisedService, Supervisor, type SupervisorEvent } from './supervisor.ts';

export interface TrainOptions {
  config: RunConfig;
  /** What `config.json` keeps where that differs: inputs by the address they came from. */
  storedConfig?: RunConfig;
  /** Holds the run; made when it is not there. */
  runFolder: string;
  /** Arguments of `process.execPath` that run one service: `[main.ts, 'serve']`. */
  serveCommand: readonly string[];
  /** Where redis-server is looked for. */
  searchPath: string;
  env: NodeJS.ProcessEnv;
  /** Stops the run cleanly; it can be resumed. */
  signal: AbortSignal;
  hooks: TrainHooks;
}

export interface TrainHooks {
  /** Every state of the run: one for each applied iteration and each evaluation, and for changes of phase. */
  onState(state: RunState__Output): void;
  onService(event: SupervisorEvent): void;
  /** Something that takes its time, for a person. */
  tell(message: string): void;
}

/** `halted`: the learner ended the run, for a suspicion of collapse or steps that are not finite. */
export type TrainOutcome = 'finished' | 'stopped' | 'halted';

/**
 * Trains on this machine: a Redis, one process for each service, watched until the run has finished.
 *
 * @throws MgrpoError RESOURCE when it would not fit into the memory, else with the run's own reason when it fails.
 */
export async function runTraining(options: TrainOptions): Promise<TrainOutcome> {
  const { config, runFolder, hooks } = options;
  await requireRunMemory(config);
  const configPath = writeConfig(runFolder, config, options.storedConfig ?? config);
  // Whatever fails from here on, what was opened before is closed, in the opposite order.
  await using opened = new AsyncDisposableStack();
  const own = configOfRole(config, 'operator').deployment;
  const security = openPeerSecurity(own.security, hooks.tell);
  opened.defer(() => security.close());
  const redis = await openRedis({
    url: own.redis.url === null ? null : redisAddressOf({ deployment: own }),
    folder: join(runFolder, 'redis'),
    tell: hooks.tell,
    searchPath: options.searchPath,
  });
  opened.defer(() => redis.close());
  const coordinatorPort = await portOf(config, 'coordinator');
  const coordinator = `127.0.0.1:${coordinatorPort}`;
  opened.defer(writeAddresses(runFolder, { coordinator }));
  const supervisor = new Supervisor({
    services: servicesOf(config, [...options.serveCommand], {
      configPath,
      runFolder,
      relayPorts: await freePorts(config.deployment.workers.relay),
    }),
    env: await serviceEnvironment(options, redis, coordinatorPort),
    logFolder: join(runFolder, logFolder),
    maxRestartsPerMinute: 10,
    stopMs: config.deployment.deadlines.drainMs + 500,
    onEvent: hooks.onService,
  });
  opened.defer(() => supervisor.stop());
  const abort = new AbortController();
  const signal = AbortSignal.any([options.signal, abort.signal]);
  const watching = watch(coordinator, { signal, hooks, security });
  opened.defer(async () => {
    // A coordinator that will not come back must not be waited for.
    abort.abort();
    await watching.catch(() => {});
  });
  return await Promise.race([watching, supervisor.failed]);
}

/**
 * Makes the run folder and writes the configuration for the services; returns its path.
 *
 * A run that goes on keeps its own `config.json`: if the learner refuses this start, the next one must find it.
 */
function writeConfig(runFolder: string, config: RunConfig, stored: RunConfig): string {
  const logs = join(runFolder, logFolder);
  const path = join(logs, runFiles.config);
  const textOf = (each: RunConfig) => `${JSON.stringify(withoutSecrets(each), null, 2)}\n`;
  try {
    mkdirSync(logs, { recursive: true });
    writeFileSync(path, textOf(config));
    if (!existsSync(join(runFolder, runFiles.manifest))) {
      writeFileSync(join(runFolder, runFiles.config), textOf(stored));
    }
    return path;
  } catch (cause) {
    throw new MgrpoError(
      'RESOURCE',
      `can't write ${path}: ${messageOf(cause)}; make room there, or choose another folder with --run`,
      { cause },
    );
  }
}

/** Follows the coordinator, through its restarts, to the end of the run. */
async function watch(
  address: string,
  { signal, hooks, security }: Pick<TrainOptions, 'signal' | 'hooks'> & { security: PeerSecurity },
): Promise<TrainOutcome> {
  const client = connect(contracts.CoordinatorService, address, security);
  try {
    while (!signal.aborted) {
      try {
        const states = serverStream<RunState__Output>(
          'coordinator',
          (...call) => client.watchRun({}, ...call),
          { signal },
        );
        for await (const state of states) {
          hooks.onState(state);
          if (state.phase === 'finished' || state.phase === 'halted') return state.phase;
          if (state.phase === 'failed') throw new MgrpoError('INTERNAL', state.error);
        }
      } catch (error) {
        const isAway =
          error instanceof MgrpoError &&
          ['UNAVAILABLE', 'CANCELLED', 'DEADLINE'].includes(error.code);
        if (!isAway) throw error;
      }
      await sleep(100, undefined, { signal }).catch(() => {});
    }
    return 'stopped';
  } finally {
    client.close();
  }
}

// A service makes little garbage beside its big arrays: a young generation of 4 MiB instead of 16 saves each
// of them 50 MB resident, and costs no time that could be measured.
const leanNode = ['--max-semi-space-size=4'];

function servicesOf(
  { algorithm, lag, deployment: { workers } }: RunConfig,
  serve: readonly string[],
  {
    configPath,
    runFolder,
    relayPorts,
  }: { configPath: string; runFolder: string; relayPorts: readonly number[] },
): SupervisedService[] {
  const args = (service: string) => [...leanNode, ...serve, service, '--config', configPath];
  // With a lag the learner is what an iteration waits for, and rollouts are made beside it.
  const niceness = lag > 0 ? 10 : undefined;
  const several = (service: string, count: number, more: Partial<SupervisedService> = {}) =>
    Array.from({ length: count }, (_, i) => ({
      ...more,
      name: `${service}-${i + 1}`,
      args: [...args(service), ...(more.args ?? [])],
    }));
  const relays = relayPorts.map((port) => `"127.0.0.1:${port}"`);
  const fromRelays =
    relays.length > 0 ? ['--set', `deployment.weights.relays=[${relays.join(',')}]`] : [];
  const rollouts = { args: fromRelays, niceness };
  const hasMomentum = rolloutCounts(algorithm).momentum > 0;
  return [
    { name: 'learner', args: [...args('learner'), '--run', runFolder] },
    { name: 'coordinator', args: args('coordinator') },
    ...several('policy-rollout', workers.policy, rollouts),
    ...several('momentum-rollout', hasMomentum ? workers.momentum : 0, rollouts),
    ...several('voter', workers.voter),
    ...relayPorts.map((port, i) => ({
      name: `weight-relay-${i + 1}`,
      args: [...args('weight-relay'), '--set', `deployment.weightRelay.port=${port}`],
    })),
  ];
}

/**
 * What only this start of the run knows goes through the environment: addresses that are free now, and the
 * Redis URL, which may hold a password and has no place in `config.json`.
 */
async function serviceEnvironment(
  { config, env }: TrainOptions,
  redis: RedisServer,
  coordinatorPort: number,
): Promise<NodeJS.ProcessEnv> {
  return {
    // glibc keeps an arena for each thread that ever allocated; two are enough and save 10 to 60 MB.
    MALLOC_ARENA_MAX: '2',
    ...env,
    MGRPO__DEPLOYMENT__REDIS__URL: redis.url,
    // That was done before, or is not wanted.
    MGRPO__DEPLOYMENT__STORE__RESTORE: 'false',
    MGRPO__DEPLOYMENT__LEARNER__PORT: String(await portOf(config, 'learner')),
    MGRPO__DEPLOYMENT__COORDINATOR__PORT: String(coordinatorPort),
  };
}

/** The learner and the coordinator keep their port over a restart, so that the others find them again. */
async function portOf(config: RunConfig, service: 'learner' | 'coordinator'): Promise<number> {
  const { port } = config.deployment[service];
  return port === 0 ? await freePort() : port;
}

/** A relay keeps its port over a restart too. */
async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}
