import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@mgrpo/queues';

/** One series of an answer. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A Prometheus of our own, which scrapes twice a second and evaluates the project's rules. */
export class Prometheus {
  readonly #process: ChildProcess;
  readonly #url: string;

  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.#url = url;
  }

  static async start(options: {
    program: string;
    folder: string;
    ruleFile: string;
    ports: readonly number[];
  }): Promise<Prometheus> {
    const { program, folder, ruleFile, ports } = options;
    mkdirSync(folder, { recursive: true });
    const targets = ports.map((port) => `127.0.0.1:${port}`);
    const config = {
      global: { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '1s' },
      rule_files: [ruleFile],
      scrape_configs: [{ job_name: 'mgrpo', static_configs: [{ targets }] }],
    };
    const file = join(folder, 'prometheus.yml');
    writeFileSync(file, JSON.stringify(config));
    const address = `127.0.0.1:${await freePort()}`;
    const child = spawn(
      program,
      [
        `--config.file=${file}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=${address}`,
        '--log.level=error',
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    const prometheus = new Prometheus(child, `http://${address}`);
    while (!(await prometheus.#isReady())) {
      if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`);
      await sleep(50);
    }
    return prometheus;
  }

  /** The series that an instant query answers with; those without a number are left out. */
  async query(expression: string): Promise<Sample[]> {
    const { result } = await this.#get<{ result: RawSample[] }>(
      `query?query=${encodeURIComponent(expression)}`,
    );
    return result
      .map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
      .filter(({ value }) => Number.isFinite(value));
  }

  /** Health of each rule by alert, as Prometheus evaluated it. */
  async ruleHealth(): Promise<Map<string, string>> {
    const { groups } = await this.#get<{ groups: { rules: { name: string; health: string }[] }[] }>(
      'rules',
    );
    return new Map(groups.flatMap(({ rules }) => rules.map(({ name, health }) => [name, health])));
  }

  async close(): Promise<void> {
    const ended = once(this.#process, 'exit');
    if (this.#process.exitCode === null && this.#process.kill('SIGTERM')) await ended;
  }

  async #get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.#url}/api/v1/${path}`);
    const body = (await response.json()) as { data: T; error?: string };
    if (!response.ok) throw new Error(`${path}: ${body.error}`);
    return body.data;
  }

  async #isReady(): Promise<boolean> {
    return await fetch(`${this.#url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  }
}

interface RawSample {
  metric: Record<string, string>;
  value: [number, string];
}
