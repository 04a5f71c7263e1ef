import { dirname, join } from 'node:path';
import { loadRunConfig } from '@mgrpo/config';
import { accessRoles } from '@mgrpo/rpc';
import { describe, expect, test } from 'vitest';
import {
  deployFolder,
  kustomizations,
  type Manifest,
  render,
  renderer,
  renderWith,
  serviceNames,
} from './manifests.ts';
import { brokenRules, isLasting, podOf } from './pod-policies.ts';
import { faultsOf } from './validate.ts';

const recipe = join(deployFolder, 'base/recipe.yaml');
const folders = kustomizations().map(({ folder }) => folder);
const needsRenderer = test.skipIf(renderer === null);
const why = renderer === null ? ' (needs kubectl 1.21 or kustomize 3.7 on the PATH)' : '';

describe('rendered', () => {
  const overlays = folders.filter((folder) => folder.startsWith('overlays/'));
  const components = folders
    .filter((folder) => dirname(folder) === 'components')
    .map((folder) => folder.slice('components/'.length));

  for (const overlay of overlays) {
    needsRenderer(`${overlay} is whole${why}`, () => {
      const objects = render(overlay);
      expect(objects.flatMap(faultsOf)).toEqual([]);
      expect(objects.flatMap(brokenRules)).toEqual([]);
      expect(danglingReferences(objects)).toEqual([]);
      expect(unprotected(objects)).toEqual([]);
      const [namespace] = objects.filter(({ kind }) => kind === 'Namespace');
      const inside = objects.filter(({ kind }) => kind !== 'Namespace');
      expect(new Set(inside.map(({ metadata }) => metadata.namespace))).toEqual(
        new Set([namespace!.metadata.name]),
      );
      expect(JSON.stringify(objects)).not.toContain('NAMESPACE');
      const served = objects
        .filter(({ kind }) => kind === 'Deployment')
        .map(({ metadata, spec }) => {
          expect(spec.template.spec.containers[0].args[1]).toBe(metadata.name);
          return metadata.name;
        });
      expect(served.sort()).toEqual([...serviceNames].sort());
    });
  }

  for (const component of components) {
    needsRenderer(`component ${component} fits the base${why}`, () => {
      const objects = renderWith(component === 'mig' ? ['gpu', 'mig'] : [component]);
      expect(objects.flatMap(faultsOf)).toEqual([]);
      expect(objects.flatMap(brokenRules)).toEqual([]);
    });
  }

  needsRenderer(`overlays/prod has each service show a certificate of its own role${why}`, () => {
    const objects = render('overlays/prod');
    const { data } = objects.find(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('services'),
    )!;
    const { security } = loadRunConfig({
      file: recipe,
      environment: { ...data, REDIS_URL: 'rediss://redis:6379' },
      overrides: [],
    }).deployment;
    expect(security).toMatchObject({ insecure: false, certificate: '/identity/tls.crt' });
    for (const { metadata, spec } of objects.filter(isLasting)) {
      const { volumes, containers } = spec.template.spec;
      const identity = volumes.find(({ name }: { name: string }) => name === 'identity');
      expect(identity.secret.secretName).toBe(`identity-${metadata.name}`);
      expect(containers[0].volumeMounts).toContainEqual(
        expect.objectContaining({ name: 'identity', mountPath: '/identity' }),
      );
    }
    const redis = objects.find(
      ({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === 'redis',
    )!;
    const command = redis.spec.template.spec.containers[0].command.join(' ');
    expect(command).toContain('--port 0 --tls-port 6379');
    const monitor = objects.find(({ kind }) => kind === 'PodMonitor')!;
    expect(monitor.spec.podMetricsEndpoints[0].authorization.credentials.key).toBe('token');
  });

  needsRenderer(
    `with a store a run needs no claim, and the learner alone may write to it${why}`,
    () => {
      const objects = renderWith(['redis', 'relay', 's3']);
      expect(danglingReferences(objects)).toEqual([]);
      const { data } = objects.find(
        ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('services'),
      )!;
      const { model, prompts, deployment } = loadRunConfig({
        file: recipe,
        environment: data ?? {},
        overrides: [],
      });
      const inputs = [model.path, prompts.train, prompts.validation!, deployment.store.url!];
      expect(inputs.filter((path) => !path.startsWith('s3://'))).toEqual([]);
      const pods = objects.filter((each) => isLasting(each) && each.metadata.name !== 'redis');
      expect(pods).toHaveLength(serviceNames.length + 1);
      for (const { metadata, spec } of pods) {
        const { containers, volumes } = spec.template.spec;
        const [{ envFrom, volumeMounts, resources }] = containers;
        const secrets = envFrom.flatMap(({ secretRef }: Manifest['spec']) => secretRef?.name ?? []);
        expect(secrets).toEqual([metadata.name === 'learner' ? 'store-run' : 'store-inputs']);
        expect(volumeMounts).toContainEqual({
          name: 'inputs',
          mountPath: deployment.store.cacheFolder,
          readOnly: false,
        });
        const gibibytes = (text: string) =>
          Number.parseInt(text, 10) / (text.endsWith('Mi') ? 1024 : 1);
        const sizes = volumes.map(({ emptyDir }: Manifest['spec']) => emptyDir?.sizeLimit ?? '0Mi');
        const total = sizes.map(gibibytes).reduce((sum: number, each: number) => sum + each, 0);
        // A pod that writes more than its limit is evicted, whatever its volumes may hold.
        expect(gibibytes(resources.limits['ephemeral-storage'])).toBeGreaterThan(total);
      }
      const { hostname, port } = new URL(deployment.store.endpoint!);
      const { egress } = objects.find(({ metadata }) => metadata.name === 'store-out')!.spec;
      const [namespace] = Object.values(egress[0].to[0].namespaceSelector.matchLabels);
      expect([`store.${namespace}`, egress[0].ports[0].port]).toEqual([hostname, Number(port)]);
    },
  );

  needsRenderer(`a scaler's Deployment names no number of its own${why}`, () => {
    for (const scaler of ['keda', 'hpa']) {
      const objects = renderWith([scaler]).filter(({ metadata }) =>
        metadata.name.endsWith('-rollout'),
      );
      const numbers = objects
        .filter(({ kind }) => kind === 'Deployment')
        .map(({ spec }) => spec.replicas);
      expect(numbers).toEqual([undefined, undefined]);
    }
  });

  needsRenderer(`rollout workers find every relay that is there, by its own name${why}`, () => {
    const objects = renderWith(['relay']);
    const relay = objects.find(({ kind }) => kind === 'StatefulSet')!;
    const names = Array.from(
      { length: relay.spec.replicas },
      (_, i) => `${relay.metadata.name}-${i}.${relay.spec.serviceName}:7000`,
    );
    const workers = objects.filter(
      ({ kind, metadata }) => kind === 'Deployment' && metadata.name.endsWith('-rollout'),
    );
    expect(workers.map(relaysOf)).toEqual([names, names]);
    // A relay of the first level asks the learner alone.
    expect(relaysOf(relay)).toEqual([]);
    expect(unprotected(objects)).toEqual([]);
  });

  needsRenderer(
    `a GPU worker asks for a GPU, or a slice of one, and goes where they are${why}`,
    () => {
      for (const [list, resource] of [
        [['gpu'], 'nvidia.com/gpu'],
        [['gpu', 'mig'], 'nvidia.com/mig-1g.10gb'],
      ] as const) {
        const objects = renderWith(list).filter(({ kind }) => kind === 'Deployment');
        const takers = objects.filter(
          ({ spec }) => spec.template.spec.containers[0].resources.limits[resource],
        );
        expect(takers.map(({ metadata }) => metadata.name).sort()).toEqual([
          'momentum-rollout',
          'policy-rollout',
        ]);
        const settings = renderWith(list).find(({ metadata }) =>
          metadata.name.startsWith('services-'),
        );
        expect(settings?.data?.MGRPO__ROLLOUT__DEVICE).toBe('webgpu');
        for (const { spec } of takers) {
          const { nodeSelector, tolerations } = spec.template.spec;
          expect(nodeSelector).toEqual({ 'nvidia.com/gpu.present': 'true' });
          expect(tolerations.map(({ key }: { key: string }) => key)).toContain('nvidia.com/gpu');
        }
      }
    },
  );

  needsRenderer(`a worker on a spot node ends within the cloud's notice${why}`, () => {
    const workers = renderWith(['spot']).filter(
      ({ kind, metadata }) => kind === 'Deployment' && metadata.name.endsWith('-rollout'),
    );
    expect(workers).toHaveLength(2);
    for (const { spec } of workers) {
      const { containers, terminationGracePeriodSeconds } = spec.template.spec;
      const [{ env, lifecycle }] = containers;
      const variables = env.filter((each: Manifest['spec']) => each.value !== undefined);
      const environment = Object.fromEntries(
        variables.map((each: Manifest['spec']) => [each.name, each.value]),
      );
      const { drainMs } = loadRunConfig({ file: recipe, environment, overrides: [] }).deployment
        .deadlines;
      expect(lifecycle.preStop.sleep.seconds * 1000 + drainMs).toBeLessThan(
        terminationGracePeriodSeconds * 1000,
      );
      expect(terminationGracePeriodSeconds).toBeLessThan(30);
    }
  });

  needsRenderer(`every pod has its priority, of a class that is there${why}`, () => {
    const objects = renderWith(['priority']);
    const classes = objects
      .filter(({ kind }) => kind === 'PriorityClass')
      .map(({ metadata }) => metadata.name);
    const given = objects.filter(isLasting).map(({ spec }) => spec.template.spec.priorityClassName);
    expect(given.sort()).toEqual(
      ['worker', 'worker', 'worker', 'writer', 'writer'].map((name) => `mgrpo-${name}`),
    );
    expect(classes.sort()).toEqual([...new Set(given)]);
  });

  needsRenderer(`the quota of overlays/prod holds a run that is scaled up${why}`, () => {
    const objects = render('overlays/prod');
    const most = new Map(
      objects
        .filter(({ kind }) => kind === 'ScaledObject')
        .map(({ spec }) => [spec.scaleTargetRef.name, spec.maxReplicaCount + 1]),
    );
    const quota = objects.find(({ kind }) => kind === 'ResourceQuota')!.spec.hard;
    for (const [list, name] of ['requests', 'limits'].flatMap((list) => [
      [list, 'cpu'],
      [list, 'memory'],
    ])) {
      const used = objects.filter(isLasting).map(({ metadata, spec }) => {
        const pods = most.get(metadata.name) ?? spec.replicas;
        return pods * amount(spec.template.spec.containers[0].resources[list!][name!]);
      });
      const sum = used.reduce((a, b) => a + b);
      expect(sum, `${list}.${name}`).toBeLessThanOrEqual(amount(quota[`${list}.${name}`]));
    }
  });
});

/** The relays that a pod's environment names, as the service reads them. */
function relaysOf({ spec }: Manifest): readonly string[] {
  const variables = (spec.template.spec.containers[0].env ?? []) as Record<string, string>[];
  const environment = Object.fromEntries(
    variables.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
  );
  return loadRunConfig({ file: recipe, environment, overrides: [] }).deployment.weights.relays;
}

/** `250m`, `2`, `1Gi` as a number of cores or MiB. */
function amount(quantity: string): number {
  const [, digits, unit] = /^(\d+)(m|Mi|Gi|)$/.exec(quantity)!;
  return Number(digits) * { m: 0.001, Mi: 1, Gi: 1024, '': 1 }[unit as 'm' | 'Mi' | 'Gi' | '']!;
}

/** Names that a pod, scaler or service refers to and no object has. The secret is made by hand. */
function danglingReferences(objects: readonly Manifest[]): string[] {
  const names = new Set(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
  names.add('Secret redis-auth').add('Secret tokens').add('Secret identity-redis');
  names.add('Secret store-run').add('Secret store-inputs');
  for (const role of accessRoles) names.add(`Secret identity-${role}`);
  const wanted = objects.flatMap((object) => {
    if (object.kind === 'ScaledObject') return [`Deployment ${object.spec.scaleTargetRef.name}`];
    const pod = podOf(object);
    if (pod === undefined) return [];
    const [container] = pod.containers;
    return [
      `ServiceAccount ${pod.serviceAccountName}`,
      `Service ${object.metadata.name}`,
      ...(container.envFrom ?? []).map(({ configMapRef, secretRef }: Manifest['spec']) =>
        secretRef ? `Secret ${secretRef.name}` : `ConfigMap ${configMapRef.name}`,
      ),
      ...(container.env ?? [])
        .filter(({ valueFrom }: Manifest['spec']) => valueFrom !== undefined)
        .map((each: Manifest['spec']) => `Secret ${each.valueFrom.secretKeyRef.name}`),
      ...pod.volumes.flatMap(({ configMap, persistentVolumeClaim, secret }: Manifest['spec']) => [
        ...(configMap ? [`ConfigMap ${configMap.name}`] : []),
        ...(persistentVolumeClaim
          ? [`PersistentVolumeClaim ${persistentVolumeClaim.claimName}`]
          : []),
        ...(secret ? [`Secret ${secret.secretName}`] : []),
      ]),
    ];
  });
  return wanted.filter((name) => !names.has(name));
}

/** Lasting pods that no disruption budget, or no service, selects. */
function unprotected(objects: readonly Manifest[]): string[] {
  const covers = (selector: Record<string, string>, labels: Record<string, string>) =>
    Object.entries(selector).every(([key, value]) => labels[key] === value);
  return objects.filter(isLasting).flatMap(({ metadata, spec }) => {
    const { labels } = spec.template.metadata;
    const isCovered = (
      kind: string,
      selectorOf: (spec: Manifest['spec']) => Record<string, string>,
    ) => objects.some((each) => each.kind === kind && covers(selectorOf(each.spec), labels));
    return [
      ...(isCovered('PodDisruptionBudget', ({ selector }) => selector.matchLabels)
        ? []
        : ['budget']),
      ...(isCovered('Service', ({ selector }) => selector) ? [] : ['service']),
    ].map((missing) => `${metadata.name}: no ${missing}`);
  });
}
