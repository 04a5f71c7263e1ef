import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadRunConfig } from '@mgrpo/config';
import { metricDefinitions } from '@mgrpo/telemetry';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { mgrpo } from '../command-line.ts';
import {
  deployFolder,
  filesUnder,
  kustomizations,
  type Manifest,
  manifestsOf,
  serviceNames,
} from './manifests.ts';
import { brokenRules, isLasting, podOf } from './pod-policies.ts';
import { faultsOf } from './validate.ts';

const read = (path: string) => readFileSync(join(deployFolder, path), 'utf8');
const folders = ['base', 'components', 'overlays', 'jobs'];
const all = kustomizations().filter(({ folder }) => folders.includes(folder.split('/')[0]!));

const patchFiles = all.flatMap(({ folder, patchFiles }) =>
  patchFiles.map((file) => join(folder, file)),
);
const generatorFiles = all.flatMap(({ folder, generatorFiles }) =>
  generatorFiles.map((file) => join(folder, file)),
);
const manifestFiles = folders
  .flatMap(filesUnder)
  .filter((file) => file.endsWith('.yaml') && !file.endsWith('kustomization.yaml'))
  .filter((file) => ![...patchFiles, ...generatorFiles].includes(file));
const sources = manifestFiles.flatMap((file) => manifestsOf(read(file)));

const variablesOf = (file: string): Record<string, string> =>
  Object.fromEntries(
    [...read(file).matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]),
  );
const environment = variablesOf('base/services.env');
const config = loadRunConfig({
  file: join(deployFolder, 'base/recipe.yaml'),
  environment,
  overrides: [],
});

describe('the sources of deploy/', () => {
  test('a kustomization names what is there, and everything that is there is named', () => {
    const named = all.flatMap(({ folder, resources, components }) =>
      [...resources, ...components].map((path) => join(folder, path)),
    );
    const leaves = [...named, ...patchFiles, ...generatorFiles];
    expect(leaves.filter((path) => !existsSync(join(deployFolder, path)))).toEqual([]);
    const files = ['base', 'components', 'overlays'].flatMap(filesUnder);
    // Filled in by a person, who makes the secret of it.
    const forPeople = ['components/redis/users.acl', 'components/mtls/users.acl'];
    const known = new Set([...leaves, ...forPeople]);
    expect(
      files.filter((file) => !file.endsWith('kustomization.yaml') && !known.has(file)),
    ).toEqual([]);
    const unused = all.filter(
      ({ folder }) => folder.startsWith('base/') && !named.includes(folder),
    );
    expect(unused).toEqual([]);
  });

  test('every object is as its schema says, without a field that the schema has not', () => {
    expect(sources.flatMap(faultsOf)).toEqual([]);
    expect(sources.length).toBeGreaterThan(30);
  });

  test('a field that is mistyped, missing or unknown is noticed', () => {
    const learner = sources.find(
      ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'learner',
    )!;
    const withSpec = (change: object): Manifest => ({
      ...learner,
      spec: { ...learner.spec, ...change },
    });
    expect(faultsOf(withSpec({ replica: 1 }))).toEqual([
      'Deployment learner.spec.replica: no such field',
    ]);
    expect(faultsOf(withSpec({ replicas: 'one' }))).toEqual([expect.stringContaining('replicas')]);
    expect(faultsOf(withSpec({ template: undefined }))).toEqual([
      expect.stringContaining('template'),
    ]);
  });

  test('every pod is closed, limited and watched', () => {
    expect(sources.flatMap(brokenRules)).toEqual([]);
    expect(sources.filter(podOf)).toHaveLength(9);
  });

  test('every image has a version', () => {
    const images = [
      ...folders.flatMap(filesUnder).flatMap((file) => [...read(file).matchAll(/newTag: (\S+)/g)]),
    ];
    expect(images.length).toBeGreaterThan(3);
    expect(images.filter(([, tag]) => !/^\d+\.\d+\.\d+/.test(tag!))).toEqual([]);
    expect(folders.flatMap(filesUnder).filter((file) => /:latest\b/.test(read(file)))).toEqual([]);
  });
});

/** Pods that run `mgrpo serve`. */
const isService = (object: Manifest) =>
  isLasting(object) && podOf(object).containers[0].args?.[0] === 'serve';

describe('what pods run', () => {
  const containers = sources.flatMap((object) => podOf(object)?.containers ?? []);
  const commands = containers
    .map(({ args = [] }) => args as string[])
    .filter(([word]) => /^[a-z]+$/.test(word ?? ''));

  test('every command and flag is one of the command line', async () => {
    const names = [...new Set(commands.map(([name]) => name!))];
    expect(names.sort()).toEqual(['eval', 'serve', 'train']);
    const helps = await Promise.all(names.map((name) => mgrpo(name, '--help')));
    const unknown = commands.flatMap(([name, ...args]) => {
      const help = helps[names.indexOf(name!)]!.stdout;
      return args.filter((arg) => arg.startsWith('--') && !new RegExp(`${arg}\\b`).test(help));
    });
    expect(unknown).toEqual([]);
  });

  test('every service is served by one Deployment, and no other', () => {
    const served = commands.filter(([name]) => name === 'serve').map(([, service]) => service);
    // Both rollout services are made from one.
    expect(served.sort()).toEqual(['coordinator', 'learner', 'rollout', 'voter', 'weight-relay']);
    const roots = serviceNames.map((name) => join(deployFolder, '../services', name));
    expect(roots.filter((root) => !existsSync(root))).toEqual([]);
  });

  test('every variable is a key of the configuration', () => {
    // Loading it, above, refused any that is not; REDIS_URL stands for deployment.redis.url.
    const names = containers.flatMap(({ env = [] }) =>
      env.map(({ name }: { name: string }) => name),
    );
    expect([...new Set(names)]).toEqual(['REDIS_URL']);
    expect(() =>
      loadRunConfig({
        file: join(deployFolder, 'base/recipe.yaml'),
        environment: { ...environment, MGRPO__DEPLOYMENT__LEARNER__PROT: '1' },
        overrides: [],
      }),
    ).toThrow('unknown key');
  });

  test('services listen where their ports, probes and addresses say', () => {
    const { coordinator, learner, voter, policyRollout, momentumRollout, weightRelay } =
      config.deployment;
    const rollouts = [policyRollout, momentumRollout];
    for (const listen of [coordinator, learner, voter, ...rollouts, weightRelay]) {
      expect(listen).toMatchObject({ host: '0.0.0.0', port: 7000, metricsPort: 9464 });
    }
    expect([learner.address, coordinator.address]).toEqual(['learner:7000', 'coordinator:7000']);
    for (const { spec } of sources.filter(isService)) {
      const [{ ports, ...container }] = spec.template.spec.containers;
      expect(ports).toEqual([
        { name: 'grpc', containerPort: 7000 },
        { name: 'metrics', containerPort: 9464 },
      ]);
      expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'metrics' });
      expect(container.livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'metrics' });
    }
  });

  test('a pod has the time that it needs to start, and to end its jobs', () => {
    const { startMs, jobMs, drainMs } = config.deployment.deadlines;
    expect(drainMs).toBeGreaterThanOrEqual(jobMs);
    for (const { kind, spec } of sources.filter(isService)) {
      const { containers, terminationGracePeriodSeconds } = spec.template.spec;
      const [{ startupProbe, lifecycle }] = containers;
      const { periodSeconds, failureThreshold } = startupProbe;
      expect(periodSeconds * failureThreshold * 1000, kind).toBeGreaterThan(startMs);
      const stop = lifecycle.preStop.sleep.seconds * 1000 + drainMs;
      expect(terminationGracePeriodSeconds * 1000, kind).toBeGreaterThan(stop);
    }
  });

  test('what writes alone is one pod, replaced only when it has ended', () => {
    for (const name of ['learner', 'coordinator']) {
      const { spec } = sources.find(
        (each) => each.kind === 'Deployment' && each.metadata.name === name,
      )!;
      expect(spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
    }
    const run = sources.find(
      (each) => each.kind === 'PersistentVolumeClaim' && each.metadata.name === 'run',
    )!;
    expect(run.spec.accessModes).toEqual(['ReadWriteOncePod']);
  });
});

describe('scalers', () => {
  const { slots, rolloutsPerJob } = config.deployment.rollout;
  const jobsPerWorker = String(slots / rolloutsPerJob);

  test('both ask for the backlog of their role, and a worker for its share of it', () => {
    const { name } = metricDefinitions.backlog;
    for (const role of ['policy', 'momentum']) {
      const of = (kind: string) =>
        sources.find((each) => each.kind === kind && each.metadata.name === `${role}-rollout`)!
          .spec;
      const [{ metadata, metricType }] = of('ScaledObject').triggers;
      expect(metadata.query).toBe(`max(${name}{role="${role}",namespace="NAMESPACE"})`);
      expect([metadata.threshold, metricType]).toEqual([jobsPerWorker, 'AverageValue']);
      expect(of('ScaledObject').fallback.replicas).toBeGreaterThan(0);
      const [{ external }] = of('HorizontalPodAutoscaler').metrics;
      expect(external.metric).toEqual({ name, selector: { matchLabels: { role } } });
      expect(external.target).toEqual({ type: 'AverageValue', averageValue: jobsPerWorker });
      for (const { scaleDown } of [
        of('ScaledObject').advanced.horizontalPodAutoscalerConfig.behavior,
        of('HorizontalPodAutoscaler').behavior,
      ]) {
        expect(scaleDown.stabilizationWindowSeconds).toBeGreaterThanOrEqual(600);
        expect(scaleDown.policies).toEqual([{ type: 'Pods', value: 1, periodSeconds: 120 }]);
      }
    }
  });
});

describe('monitoring', () => {
  const rules = parse(read('prometheus/rules.yml')) as {
    groups: { rules: { alert?: string }[] }[];
  };

  test('the operator gets the rules of deploy/prometheus (renew its file with `vitest run --update`)', async () => {
    const object = {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: { name: 'mgrpo', labels: { release: 'prometheus' } },
      spec: rules,
    };
    const comment =
      '# Made from deploy/prometheus/rules.yml by test/deploy/kustomize.test.ts, which keeps them equal.\n';
    await expect(`${comment}${stringify(object, { lineWidth: 0 })}`).toMatchFileSnapshot(
      join(deployFolder, 'components/monitoring/prometheus-rule.yaml'),
    );
  });

  test('docs/operations.md says what to do at each alert', () => {
    const page = readFileSync(join(deployFolder, '../docs/operations.md'), 'utf8');
    const alerts = rules.groups.flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? []));
    expect(alerts.length).toBeGreaterThan(5);
    const headings = [...page.matchAll(/^### (Mgrpo\w+)$/gm)].map(([, name]) => name!);
    expect(headings.sort()).toEqual(alerts.sort());
  });
});

describe('network policies', () => {
  const policies = sources.filter(({ kind }) => kind === 'NetworkPolicy');

  test('nothing is open that is not named', () => {
    const deny = policies.find(({ metadata }) => metadata.name === 'default-deny')!;
    expect(deny.spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    // An empty peer or a missing port would open more than it seems.
    const rules = policies.flatMap(({ spec }) => [...(spec.ingress ?? []), ...(spec.egress ?? [])]);
    for (const rule of rules) {
      expect((rule.from ?? rule.to).length).toBeGreaterThan(0);
      expect(rule.ports.length).toBeGreaterThan(0);
    }
  });

  test('spans may leave for the port that the component names', () => {
    const { deployment } = loadRunConfig({
      file: join(deployFolder, 'base/recipe.yaml'),
      environment: { ...environment, ...variablesOf('components/tracing/tracing.env') },
      overrides: [],
    });
    const { hostname, port } = new URL(deployment.tracing.endpoint!);
    const { podSelector, egress } = policies.find(
      ({ metadata }) => metadata.name === 'traces-out',
    )!.spec;
    expect(podSelector.matchExpressions[0].values).toEqual([...serviceNames, 'train']);
    const [namespace] = Object.values(egress[0].to[0].namespaceSelector.matchLabels);
    expect([`tempo.${namespace}`, egress[0].ports[0].port]).toEqual([hostname, Number(port)]);
  });

  test('who may leave for a door may also enter it', () => {
    const componentsOf = (selector: Manifest['spec']): string[] =>
      selector.matchExpressions?.[0].values ?? [
        selector.matchLabels['app.kubernetes.io/component'],
      ];
    const byName = (name: string) => policies.find(({ metadata }) => metadata.name === name)!.spec;
    const out = byName('services-out');
    const leaving = componentsOf(out.podSelector);
    for (const [i, [door, port]] of (
      [
        ['redis', 6379],
        ['learner', 7000],
      ] as const
    ).entries()) {
      expect(componentsOf(out.egress[i].to[0].podSelector)).toEqual([door]);
      expect(out.egress[i].ports[0].port).toBe(port);
      const entering = byName(`${door}-in`).ingress[0];
      expect(leaving).toEqual(expect.arrayContaining(componentsOf(entering.from[0].podSelector)));
      expect(entering.ports[0].port).toBe(port);
    }
    expect(leaving).toEqual([...serviceNames, 'train']);
    const weights = byName('weights-out');
    expect(componentsOf(weights.podSelector)).toEqual([
      'policy-rollout',
      'momentum-rollout',
      'weight-relay',
    ]);
    expect(componentsOf(weights.egress[0].to[0].podSelector)).toEqual(['weight-relay', 'learner']);
    for (const from of [byName('weight-relay-in').ingress[0], byName('learner-in').ingress[1]]) {
      const entering = componentsOf(from.from[0].podSelector);
      expect(entering).toContain('weight-relay');
      expect(componentsOf(weights.podSelector)).toEqual(expect.arrayContaining(entering));
    }
  });
});
