import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runFiles } from '@mgrpo/checkpoint';
import type { RunConfig } from '@mgrpo/config';
import { MgrpoError } from '@mgrpo/errors';
import type { FaultPoint } from '@mgrpo/faults';
import { freePort } from '@mgrpo/queues';
import { connect, contracts, openSecurity, type RunState__Output, unary } from '@mgrpo/rpc';
import { Supervisor } from '@mgrpo/service';
import type { NetworkNamespace } from './network-namespace.ts';
import { RedisProcess } from './redis-process.ts';
import { TcpProxy } from './tcp-proxy.ts';

const cli = fileURLToPath(new URL('../../services/cli/src/main.ts', import.meta.url));

/** Services by name and number, as `mgrpo train` names them: `policy-rollout-2`. */
const serviceNames = [
  'learner',
  'coordinator',
  'policy-rollout-1',
  'policy-rollout-2',
  'momentum-rollout-1',
  'momentum-rollout-2',
  'voter-1',
] as const;

interface Member {
  readonly supervisor: Supervisor;
  /** To the learner and to Redis, this service's alone. */
  readonly links: { readonly learner: TcpProxy; readonly redis: TcpProxy };
  /** Of the process that is ready; 0 while there is none. */
  pid: number;
  starts: number;
  metricsPort: number;
  failure: MgrpoError | null;
}

/** How a service is started, where that is not as usual. */
export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments of Node before the program. */
  readonly nodeArgs?: readonly string[];
  /** Where it runs, if not in this network. */
  readonly namespace?: NetworkNamespace;
}

/** A run of real processes whose every link, disk and server a fault can reach. */
export class Cluster {
  readonly runFolder: string;
  readonly config: RunConfig;
  readonly redis: RedisProcess;
  readonly #folder: string;
  readonly #ports: { readonly learner: number; readonly coordinator: number };
  readonly #members = new Map<string, Member>();
  /** Failures that a fault is about to cause: by service. */
  readonly #expected = new Set<string>();

  private constructor(
    folder: string,
    config: RunConfig,
    redis: RedisProcess,
    ports: { learner: number; coordinator: number },
  ) {
    this.#folder = folder;
    this.runFolder = join(folder, 'run');
    this.config = config;
    this.redis = redis;
    this.#ports = ports;
  }

  /** Starts all services of a run in `folder`, which holds its logs too. */
  static async start(folder: string, config: RunConfig): Promise<Cluster> {
    mkdirSync(join(folder, 'armed'), { recursive: true });
    mkdirSync(join(folder, 'run'), { recursive: true });
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
    const redis = await RedisProcess.start(join(folder, 'redis'));
    const ports = { learner: await freePort(), coordinator: await freePort() };
    const cluster = new Cluster(folder, config, redis, ports);
    for (const name of serviceNames) await cluster.start(name);
    return cluster;
  }

  async start(
    name: string,
    { env = {}, nodeArgs = [], namespace }: StartOptions = {},
  ): Promise<void> {
    const host = namespace?.hostAddress ?? '127.0.0.1';
    const links = {
      learner: await TcpProxy.start(this.#ports.learner, host),
      redis: await TcpProxy.start(this.redis.port, host),
    };
    const nodeCommand = [process.execPath, ...nodeArgs, cli, 'serve'];
    const [program = '', ...args] = [
      ...(namespace?.command ?? []),
      ...nodeCommand,
      ...this.#argsOf(name, links, host),
    ];
    const supervisor = new Supervisor({
      services: [{ name, program, args }],
      env: { ...process.env, MGRPO_FAULT_POINTS: this.#armed, ...env },
      logFolder: join(this.#folder, 'logs'),
      maxRestartsPerMinute: 30,
      stopMs: this.config.deployment.deadlines.drainMs + 500,
      onEvent: (event) => {
        if (event.kind === 'restarting') member.pid = 0;
        if (event.kind !== 'ready') return;
        member.pid = event.pid;
        member.metricsPort = event.metricsPort;
        member.starts += 1;
      },
    });
    const member: Member = { supervisor, links, pid: 0, starts: 0, metricsPort: 0, failure: null };
    supervisor.failed.catch((error: MgrpoError) => {
      member.failure = error;
    });
    this.#members.set(name, member);
  }

  /** Ends a service by SIGTERM, for good or until it is started again. */
  async stop(name: string): Promise<void> {
    const { supervisor, links } = this.#member(name);
    this.#members.delete(name);
    await supervisor.stop();
    links.learner.close();
    links.redis.close();
  }

  get names(): string[] {
    return [...this.#members.keys()];
  }

  /** Names of the services whose name begins so. */
  namesOf(service: string): string[] {
    return this.names.filter((name) => name.startsWith(service));
  }

  links(name: string): Member['links'] {
    return this.#member(name).links;
  }

  get allLinks(): Member['links'][] {
    return [...this.#members.values()].map(({ links }) => links);
  }

  /** Sends a signal to a service's process, once it is ready. */
  async signal(name: string, signal: NodeJS.Signals): Promise<void> {
    await this.ready(name);
    process.kill(this.#member(name).pid, signal);
  }

  /** Stops a service's process, and returns when none of its threads does anything any more. */
  async freeze(name: string): Promise<void> {
    await this.signal(name, 'SIGSTOP');
    const tasks = `/proc/${this.#member(name).pid}/task`;
    if (!existsSync(tasks)) return; // Not Linux.
    const isStopped = (id: string) => /\) T /.test(readFileSync(join(tasks, id, 'stat'), 'utf8'));
    await this.until(`${name} stands still`, () => readdirSync(tasks).every(isStopped));
  }

  /** Sends a deadly signal, and waits until a new process is ready in its place. */
  async kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.ready(name);
    const { starts } = this.#member(name);
    await this.signal(name, signal);
    await this.ready(name, starts + 1);
  }

  /** Waits until a service has been ready so many times. */
  async ready(name: string, starts = 1): Promise<void> {
    const member = this.#member(name);
    await this.until(`${name} is ready again`, () => member.starts >= starts && member.pid !== 0);
  }

  /** Where a service says whether it is ready, and what it measures. */
  metricsUrl(name: string): string {
    return `http://127.0.0.1:${this.#member(name).metricsPort}`;
  }

  get coordinator(): string {
    return `127.0.0.1:${this.#ports.coordinator}`;
  }

  /** The process of a service that is ready. */
  pidOf(name: string): number {
    return this.#member(name).pid;
  }

  startsOf(name: string): number {
    return this.#member(name).starts;
  }

  /** Arms a point of the learner and waits until it has died there and is back; false when it never came there. */
  async killAt(point: FaultPoint): Promise<boolean> {
    const starts = this.startsOf('learner');
    const path = join(this.#armed, point);
    writeFileSync(path, '');
    await this.until(`the learner comes to ${point}`, () => this.isOver || !existsSync(path));
    if (existsSync(path)) return false;
    await this.ready('learner', starts + 1);
    return true;
  }

  /** Runs `cause`, which makes a service fail for good; returns with what. */
  async expectFailure(name: string, cause: () => void): Promise<MgrpoError> {
    const member = this.#member(name);
    this.#expected.add(name);
    cause();
    await this.until(`${name} fails`, () => member.failure !== null);
    await this.stop(name);
    this.#expected.delete(name);
    return member.failure!;
  }

  /** @throws what has ended the run, if anything has */
  check(): void {
    for (const [name, { failure }] of this.#members) {
      if (failure !== null && !this.#expected.has(name)) throw failure;
    }
  }

  /** Waits for `isSo`, as long as the run lives and at most a minute and a half. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    const deadline = performance.now() + 90_000;
    while (!isSo()) {
      this.check();
      if (performance.now() > deadline) throw new Error(`waited 90 s until ${what}`);
      await sleep(20);
    }
  }

  /** Iterations that stand in the run's metrics. */
  get applied(): number {
    const path = join(this.runFolder, runFiles.metrics);
    if (!existsSync(path)) return 0;
    return readFileSync(path, 'utf8').split('"kind":"iteration"').length - 1;
  }

  /** All iterations are applied. */
  get isOver(): boolean {
    return this.applied >= this.config.iterations;
  }

  /** Waits until so many more iterations are applied, or the run is over. */
  async iterationsPass(count: number): Promise<void> {
    const { applied } = this;
    const isSo = () => this.isOver || this.applied >= applied + count;
    await this.until(`${count} iterations pass`, isSo);
  }

  /** The run as the coordinator tells it; undefined while it can't be reached. */
  async state(): Promise<RunState__Output | undefined> {
    const client = connect(contracts.CoordinatorService, this.coordinator, openSecurity);
    try {
      return await unary<RunState__Output>('coordinator', (...call) => client.getRun({}, ...call), {
        deadlineMs: 1000,
      });
    } catch (error) {
      if (error instanceof MgrpoError) return undefined;
      throw error;
    } finally {
      client.close();
    }
  }

  /** All that a service has logged, over its restarts. */
  logOf(name: string): string {
    return readFileSync(join(this.#folder, 'logs', `${name}.log`), 'utf8');
  }

  /** Points that were armed and never reached. */
  get armedPoints(): string[] {
    return readdirSync(this.#armed);
  }

  async close(): Promise<void> {
    for (const { pid } of this.#members.values()) resume(pid);
    await Promise.all(this.names.map((name) => this.stop(name)));
    await this.redis.kill();
  }

  #argsOf(name: string, links: Member['links'], host: string): string[] {
    const service = name.replace(/-\d+$/, '');
    const set = (assignment: string) => ['--set', `deployment.${assignment}`];
    const own = Object.hasOwn(this.#ports, service)
      ? set(`${service}.port=${this.#ports[service as 'learner' | 'coordinator']}`)
      : [];
    return [
      service,
      ...['--config', join(this.#folder, 'config.json')],
      ...(service === 'learner' ? ['--run', this.runFolder] : []),
      ...set(`redis.url=redis://${host}:${links.redis.port}`),
      ...set(`learner.address=${host}:${links.learner.port}`),
      ...own,
    ];
  }

  get #armed(): string {
    return join(this.#folder, 'armed');
  }

  #member(name: string): Member {
    const member = this.#members.get(name);
    if (member === undefined) throw new Error(`there is no service ${name}`);
    return member;
  }
}

/** A process that a fault has stopped could not drain. */
function resume(pid: number): void {
  if (pid === 0) return;
  try {
    process.kill(pid, 'SIGCONT');
  } catch {
    // It has just ended.
  }
}
