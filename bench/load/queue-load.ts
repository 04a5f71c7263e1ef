import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rolloutCounts } from '@mgrpo/algorithm';
import { connectRedis, JobTrees, openRedis, queuePrefix } from '@mgrpo/queues';
import { planIteration } from '../../services/coordinator/src/plan.ts';
import { redisCeiling } from './redis-ceiling.ts';
import { RedisWatch } from './redis-watch.ts';
import {
  type LoadSettings,
  loadConfig,
  loadQuestions,
  loadRunId,
  type Placement,
} from './settings.ts';
import { Stragglers } from './stragglers.ts';
import { Child, type FromChild } from './usage.ts';

/** Where a load stands, said every ten seconds. */
export interface Progress {
  readonly seconds: number;
  readonly rolloutsPerSecond: number;
  readonly redisMib: number;
  readonly residentMib: Readonly<Record<string, number>>;
}

/** What a load came to, over the time after the warm-up. */
export interface QueueFigures {
  readonly seconds: number;
  readonly iterations: number;
  readonly rolloutsPerSecond: number;
  /** CPU microseconds for a rollout, of Redis, of each kind of process, and of the coordinator. */
  readonly cpuMicroseconds: Readonly<Record<string, number>>;
  /** What two cores could do at that price, were they kept busy. */
  readonly rolloutsPerSecondOfTwoCores: number;
  /** The share of the time for which a worker's engine was busy. */
  readonly workersBusy: number;
  /** Seconds of an iteration between the first tenth, the median and the 90th percentile of its jobs and the last. */
  readonly stragglers: ReturnType<Stragglers['seconds']>;
  readonly redis: ReturnType<RedisWatch['figures']>;
  /** Rollouts per second of Redis alone with payloads of this size, by one client; null for the queue alone. */
  readonly redisCeiling: number | null;
}

export async function queueLoad(
  settings: LoadSettings,
  onProgress: (progress: Progress) => void,
): Promise<QueueFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'mgrpo-load-'));
  const server = await openRedis({
    url: null,
    folder: join(folder, 'redis'),
    tell: () => {},
    searchPath: process.env.PATH ?? '',
  });
  const redis = connectRedis(server.url, 30_000);
  try {
    if (!settings.appendOnly) await redis.config('SET', 'appendonly', 'no');
    const ceiling = settings.bare ? null : await redisCeiling(redis, settings);
    const load = new QueueLoad(settings, { folder, redisUrl: server.url });
    try {
      return { ...(await load.run(onProgress)), redisCeiling: ceiling };
    } finally {
      await load.close();
    }
  } finally {
    redis.disconnect();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Measured {
  atMs: number;
  applied: number;
  /** By process. */
  cpuMs: Record<string, number>;
  engineMs: number;
}

class QueueLoad {
  readonly #settings: LoadSettings;
  readonly #placement: Omit<Placement, 'learnerPort'>;
  readonly #children: Child[] = [];
  readonly #stragglers = new Stragglers();
  readonly #trees: JobTrees;
  readonly #redis;
  readonly #watch: RedisWatch;
  #added = 0;
  #applied = 0;
  #changed = Promise.withResolvers<void>();

  constructor(settings: LoadSettings, placement: Omit<Placement, 'learnerPort'>) {
    this.#settings = settings;
    this.#placement = placement;
    this.#redis = connectRedis(placement.redisUrl, 30_000);
    this.#watch = new RedisWatch(this.#redis);
    this.#trees = new JobTrees({
      redis: this.#redis,
      prefix: queuePrefix(this.#config.deployment.redis.prefix, loadRunId),
      attempts: this.#config.deployment.jobs.attempts,
    });
  }

  async run(onProgress: (progress: Progress) => void): Promise<Omit<QueueFigures, 'redisCeiling'>> {
    await this.#open();
    const { seconds, warmUpSeconds } = this.#settings;
    const startMs = performance.now();
    const elapsed = () => (performance.now() - startMs) / 1000;
    const reporting = setInterval(() => void this.#report(elapsed(), onProgress), 10_000);
    try {
      await this.#iterateUntil(() => elapsed() > warmUpSeconds && this.#applied > 0);
      const before = await this.#measured();
      this.#stragglers.restart();
      await this.#iterateUntil(() => elapsed() > warmUpSeconds + seconds);
      const after = await this.#measured();
      return this.#figures(before, after);
    } finally {
      clearInterval(reporting);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.close()));
    await this.#trees.close();
    this.#redis.disconnect();
  }

  get #config() {
    return loadConfig(this.#settings, { ...this.#placement, learnerPort: 0 });
  }

  async #open(): Promise<void> {
    const settings = this.#settings;
    const learner = this.#start('learner', { settings, placement: this.#placement });
    const placement = { ...this.#placement, learnerPort: await learner.ready };
    this.#start('voter', { settings, placement });
    const processes = Math.min(settings.processes, settings.workers);
    for (let p = 0; p < processes; p++) {
      const numWorkers = Math.floor((settings.workers + p) / processes);
      this.#start('workers', { settings, placement, numWorkers });
    }
    await Promise.all(this.#children.map((child) => child.ready));
  }

  #start(name: string, argument: object): Child {
    const child = new Child({ name, argument }, (message) => this.#take(message));
    this.#children.push(child);
    return child;
  }

  #take(message: FromChild): void {
    if (message.kind === 'usage') this.#stragglers.add(message.usage.ended);
    if (message.kind !== 'applied') return;
    this.#applied = message.iteration + 1;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  /** Adds the iterations as the coordinator does: t once version t - lag is published. Ends at an iteration's end. */
  async #iterateUntil(isOver: () => boolean): Promise<void> {
    const { lag } = this.#settings;
    const { algorithm, sampling, seed, deployment } = this.#config;
    const questions = loadQuestions(this.#settings);
    const options = {
      ...{ runId: loadRunId, seed, lag, algorithm },
      rollouts: rolloutCounts(algorithm),
      rolloutsPerJob: deployment.rollout.rolloutsPerJob,
      sampling: {
        temperature: sampling.temperature,
        topP: sampling.topP,
        topK: sampling.topK,
        maxResponseTokens: sampling.maxResponseTokens,
        selfCertainty: false,
      },
    };
    for (const last = this.#applied; !isOver() || this.#applied === last; ) {
      while (this.#added - lag <= this.#applied) {
        await this.#trees.add(planIteration(this.#added, questions, options));
        this.#added += 1;
      }
      await this.#changed.promise;
    }
  }

  async #measured() {
    // What the processes say is a quarter of a second old.
    await sleep(300);
    const cpuMs: Record<string, number> = {};
    let engineMs = 0;
    for (const { name, usage } of this.#children) {
      cpuMs[name] = (cpuMs[name] ?? 0) + usage.cpuMs;
      engineMs += usage.engineMs;
    }
    const { user, system } = process.cpuUsage();
    cpuMs.coordinator = (user + system) / 1000;
    cpuMs.redis = (await this.#watch.look()).cpuMs;
    return { atMs: performance.now(), applied: this.#applied, cpuMs, engineMs };
  }

  #figures(before: Measured, after: Measured): Omit<QueueFigures, 'redisCeiling'> {
    const { prompts, group, workers } = this.#settings;
    const iterations = after.applied - before.applied;
    const seconds = (after.atMs - before.atMs) / 1000;
    const rollouts = iterations * prompts * group;
    const cpuMicroseconds = Object.fromEntries(
      Object.entries(after.cpuMs).map(([name, ms]) => [
        name,
        ((ms - before.cpuMs[name]!) * 1000) / rollouts,
      ]),
    );
    const sum = Object.values(cpuMicroseconds).reduce((a, b) => a + b, 0);
    return {
      seconds,
      iterations,
      rolloutsPerSecond: rollouts / seconds,
      cpuMicroseconds,
      rolloutsPerSecondOfTwoCores: 2e6 / sum,
      workersBusy: (after.engineMs - before.engineMs) / (2 * workers * (after.atMs - before.atMs)),
      stragglers: this.#stragglers.seconds(before.applied, after.applied),
      redis: this.#watch.figures(),
    };
  }

  async #report(seconds: number, onProgress: (progress: Progress) => void): Promise<void> {
    const { prompts, group } = this.#settings;
    const { usedMib } = await this.#watch.look();
    const residentMib: Record<string, number> = {};
    for (const { name, usage } of this.#children) {
      residentMib[name] = Math.max(residentMib[name] ?? 0, usage.residentMib);
    }
    residentMib.coordinator = Math.round(process.memoryUsage.rss() / 2 ** 20);
    const rolloutsPerSecond = (this.#applied * prompts * group) / seconds;
    onProgress({ seconds, rolloutsPerSecond, redisMib: usedMib, residentMib });
  }
}
