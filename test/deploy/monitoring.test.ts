import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram, freePort } from '@mgrpo/queues';
import { createRegistry, metricDefinitions, serviceNames } from '@mgrpo/telemetry';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { makeWorkspace, trainSmall } from '../loop/small-run.ts';
import { Prometheus } from './prometheus.ts';
import { selectorsOf } from './promql.ts';

const root = join(import.meta.dirname, '..', '..');
const ruleFile = join(root, 'deploy/prometheus/rules.yml');
const testFile = join(root, 'deploy/prometheus/rules.test.yml');

interface Rule {
  alert: string;
  expr: string;
  annotations: { summary: string; description: string; runbook_url: string };
}
const rules: readonly Rule[] = parse(readFileSync(ruleFile, 'utf8')).groups.flatMap(
  (group: { rules: Rule[] }) => group.rules,
);

interface Panel {
  type: string;
  title: string;
  targets?: { expr: string }[];
}
const dashboard: { panels: Panel[]; annotations: { list: { expr: string }[] } } = JSON.parse(
  readFileSync(join(root, 'deploy/grafana/dashboard.json'), 'utf8'),
);
const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({ title, expr })),
);

const definitions = Object.values(metricDefinitions);
/** Labels of every series: the registry's, the scrape configuration's, and a histogram's. */
const commonLabels = ['service', 'namespace', 'run', 'instance', 'le'];

/** What a name of an exported series is called in the table. */
const definitionOf = (series: string) =>
  definitions.find(({ name, kind }) =>
    kind === 'histogram'
      ? [`${name}_bucket`, `${name}_sum`, `${name}_count`].includes(series)
      : name === series,
  );

const search = process.env.PATH ?? '';
const promtool = findProgram(['promtool'], search);
const prometheusProgram = findProgram(['prometheus'], search);
if (promtool === null || prometheusProgram === null) {
  console.log(
    'tests with Prometheus skipped: no prometheus and promtool on PATH (Debian: prometheus)',
  );
}

describe('the alerts', () => {
  test('are those that the documentation promises, each with words and a runbook', () => {
    expect(rules.map(({ alert }) => alert).toSorted()).toEqual([
      'MgrpoCheckpointOld',
      'MgrpoCollapseSuspected',
      'MgrpoDroppedGroups',
      'MgrpoEntropyFalling',
      'MgrpoLearnerDown',
      'MgrpoLogprobGap',
      'MgrpoRedisMemory',
      'MgrpoRunStalled',
      'MgrpoStaleWeights',
      'MgrpoStepSkipped',
      'MgrpoStoreBehind',
    ]);
    const operations = readFileSync(join(root, 'docs/operations.md'), 'utf8');
    for (const { alert, annotations } of rules) {
      expect(annotations.summary, alert).not.toBe('');
      expect(annotations.description, alert).not.toBe('');
      expect(annotations.runbook_url).toBe(`docs/operations.md#${alert.toLowerCase()}`);
      expect(operations).toContain(`\n### ${alert}\n`);
    }
  });

  test('each have a case in which they fire, and one in which they are silent', () => {
    const cases: { alertname: string; exp_alerts?: object[] }[] = parse(
      readFileSync(testFile, 'utf8'),
    ).tests.flatMap((each: { alert_rule_test: object[] }) => each.alert_rule_test);
    for (const { alert } of rules) {
      const own = cases.filter(({ alertname }) => alertname === alert);
      expect(new Set(own.map(({ exp_alerts = [] }) => exp_alerts.length > 0)).size, alert).toBe(2);
    }
  });

  test.skipIf(promtool === null)('pass promtool with their tests, and in the configuration', () => {
    for (const args of [
      ['check', 'rules', ruleFile],
      ['test', 'rules', testFile],
      ['check', 'config', join(root, 'deploy/prometheus/prometheus.yml')],
    ]) {
      const { status, stdout, stderr } = spawnSync(promtool!, args, { encoding: 'utf8' });
      expect(`${stdout}${stderr}`).toContain('SUCCESS');
      expect(status).toBe(0);
    }
  });
});

test('rules and dashboard name only metrics, labels and label values that exist', async () => {
  const ofProcess = (await createRegistry('test').getMetricsAsJSON()).map(({ name }) => name);
  const expressions = [...rules, ...queries, ...dashboard.annotations.list].map(({ expr }) => expr);
  for (const { metric, matchers } of expressions.flatMap(selectorsOf)) {
    if (metric === 'ALERTS') continue;
    const definition = definitionOf(metric);
    expect(definition !== undefined || ofProcess.includes(metric), metric).toBe(true);
    const labels: Record<string, readonly string[]> = {
      ...definition?.labels,
      service: ['', ...serviceNames],
    };
    for (const { label, values } of matchers) {
      expect([...commonLabels, ...Object.keys(labels)], `${metric}: ${label}`).toContain(label);
      const possible = labels[label];
      for (const value of possible ? values : []) expect(possible, metric).toContain(value);
    }
  }
});

test('the dashboard shows every metric of the table', () => {
  const shown = queries.flatMap(({ expr }) => selectorsOf(expr).map(({ metric }) => metric));
  const known = new Set(shown.map((name) => definitionOf(name)?.name));
  expect(definitions.map(({ name }) => name).filter((name) => !known.has(name))).toEqual([]);
});

describe.skipIf(promtool === null || prometheusProgram === null)(
  'a Prometheus that watches a run',
  () => {
    let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
    let prometheus: Prometheus;
    const ports = new Map<string, number>();
    const done = new AbortController();
    let run: ReturnType<typeof trainSmall>;

    beforeAll(async () => {
      workspace = await makeWorkspace();
      const rollouts = ['policyRollout', 'momentumRollout'];
      for (const key of ['learner', 'coordinator', 'voter', ...rollouts, 'weightRelay'])
        ports.set(key, await freePort());
      prometheus = await Prometheus.start({
        program: prometheusProgram!,
        folder: join(workspace.folder, 'prometheus'),
        ruleFile,
        ports: [...ports.values()],
      });
      run = trainSmall({
        runFolder: join(workspace.folder, 'run'),
        base: workspace.base,
        // It is stopped as soon as everything was seen.
        set: [
          'iterations=100000',
          'deployment.workers.relay=1',
          ...[...ports].map(([key, port]) => `deployment.${key}.metricsPort=${port}`),
        ],
        signal: done.signal,
      });
      run.catch(() => {});
    });

    afterAll(async () => {
      done.abort();
      await run;
      await prometheus.close();
      workspace.remove();
    });

    test('gets an answer to every query of the dashboard', async () => {
      const filled = (expr: string) =>
        expr.replaceAll('$namespace', '.*').replaceAll('$__rate_interval', '10s');
      let open = queries;
      for (const endMs = Date.now() + 110_000; open.length > 0 && Date.now() < endMs; ) {
        await sleep(500);
        const answers = await Promise.all(open.map(({ expr }) => prometheus.query(filled(expr))));
        open = open.filter((_, i) => answers[i]!.length === 0);
      }
      expect(open).toEqual([]);
    });

    test('evaluates every rule, and none fires over a healthy run', async () => {
      await expect
        .poll(async () => [...new Set((await prometheus.ruleHealth()).values())], {
          timeout: 10_000,
        })
        .toEqual(['ok']);
      expect(await prometheus.query('ALERTS{alertstate="firing"}')).toEqual([]);
    });

    test('finds each metric at the services that the table names', async () => {
      for (const [key, port] of ports) {
        const service = key.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`);
        const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
        const exported = [...text.matchAll(/^# TYPE (mgrpo_\w+)/gm)].map(([, name]) => name);
        const expected = definitions
          .filter(({ services }) => services.some((each) => each === service))
          .map(({ name }) => name);
        expect(exported.toSorted(), service).toEqual(expected.toSorted());
        const complaints = spawnSync(promtool!, ['check', 'metrics'], {
          input: text,
          encoding: 'utf8',
        });
        expect(`${complaints.stdout}${complaints.stderr}`).not.toContain('mgrpo_');
      }
    });

    test('has seen what the run recorded', async () => {
      const applied = 'max_over_time(mgrpo_weights_version{service="learner", role="policy"}[5m])';
      await expect
        .poll(async () => (await prometheus.query(applied))[0]!.value, { timeout: 15_000 })
        .toBeGreaterThan(3);
      done.abort();
      const records = (await run).metrics.filter(({ kind }) => kind === 'iteration');
      const [version] = await prometheus.query(applied);
      expect(version!.value).toBeLessThanOrEqual(records.length);
      for (const [metric, field] of [
        ['mgrpo_reward_mean_ratio', 'reward'],
        ['mgrpo_vote_share_ratio', 'voteShare'],
        ['mgrpo_response_length_tokens', 'responseTokens'],
      ] as const) {
        const [seen] = await prometheus.query(`last_over_time(${metric}[5m])`);
        expect(records.map((record) => record[field])).toContain(seen!.value);
      }
    });
  },
);
