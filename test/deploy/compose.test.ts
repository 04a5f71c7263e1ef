import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadRunConfig } from '@mgrpo/config';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { mgrpo } from '../command-line.ts';

const root = join(import.meta.dirname, '..', '..');

interface ComposeService {
  image: string;
  build?: { dockerfile: string; target: string };
  command?: string[];
  environment?: Record<string, string>;
  profiles?: string[];
  ports?: string[];
  volumes?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  tmpfs?: string[];
  networks?: string[];
  container_name?: string;
  stop_grace_period?: string;
}

interface Compose {
  services: Record<string, ComposeService>;
  networks: Record<string, { internal?: boolean }>;
  volumes: Record<string, object>;
}

const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** Compose's `${NAME:-fallback}`: what holds when a person sets nothing. */
const withDefaults = (text: string) => text.replace(/\$\{\w+:-([^}]*)\}/g, '$1');

const compose: Compose = parse(withDefaults(read('docker-compose.yml')), { merge: true });
const services = Object.entries(compose.services);
const ours = services.filter(([, { image }]) => image.startsWith('mgrpo:'));

// Asked once for all services.
let serveHelp: ReturnType<typeof mgrpo> | undefined;

const roles = ['learner', 'coordinator', 'voter', 'policy-rollout', 'momentum-rollout'];

test('all services, Redis and the two that watch are there', () => {
  const expected = [...roles, 'weight-relay', 'policy-rollout-gpu', 'momentum-rollout-gpu'];
  expect(ours.map(([name]) => name).toSorted()).toEqual(expected.toSorted());
  expect(services.map(([name]) => name)).toEqual(
    expect.arrayContaining(['redis', 'prometheus', 'grafana']),
  );
  const profilesOf = (name: string) => compose.services[name]?.profiles ?? [];
  for (const name of ['redis', ...roles]) expect(profilesOf(name), name).toEqual([]);
  expect(profilesOf('prometheus')).toEqual(['monitoring']);
  expect(profilesOf('grafana')).toEqual(['monitoring']);
  expect(profilesOf('jaeger')).toEqual(['tracing']);
  expect(profilesOf('policy-rollout-gpu')).toEqual(['gpu']);
  expect(profilesOf('weight-relay')).toEqual(['relay']);
});

describe.each(services)('%s', (_name, service) => {
  test('has as few rights as it can', () => {
    expect(service.read_only).toBe(true);
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.security_opt).toContain('no-new-privileges:true');
    expect(service.tmpfs?.some((mount) => mount.startsWith('/tmp:'))).toBe(true);
  });

  test('can be scaled, and shows nothing beyond this machine', () => {
    expect(service.container_name).toBeUndefined();
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  test('names a version of its image', () => {
    expect(service.image).toMatch(/:[\w.-]+$/);
    expect(service.image).not.toMatch(/:latest/);
  });

  test('waits for what says that it is healthy', () => {
    for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(condition).toBe('service_healthy');
      const { image, healthcheck } = compose.services[name]!;
      expect(image.startsWith('mgrpo:') || healthcheck !== undefined, name).toBe(true);
    }
  });

  test('mounts volumes that are declared and files that exist', () => {
    for (const [source = ''] of (service.volumes ?? []).map((volume) => volume.split(':'))) {
      if (source.startsWith('.')) expect(existsSync(join(root, source)), source).toBe(true);
      else expect(compose.volumes).toHaveProperty(source);
    }
  });
});

describe.each(ours)('%s', (name, service) => {
  const [verb = '', role = '', ...flags] = service.command ?? [];

  test('is a service of the command line, with flags that exist', async () => {
    expect(verb).toBe('serve');
    expect([...roles, 'weight-relay']).toContain(role);
    expect(name.replace(/-gpu$/, '')).toBe(role);
    serveHelp ??= mgrpo('serve', '--help');
    const { stdout } = await serveHelp;
    expect(stdout).toContain(role);
    for (const flag of flags.filter((each) => each.startsWith('--'))) {
      expect(stdout).toContain(`${flag} <`);
    }
  });

  test('is configured by keys that exist, reaches the others, and is reached', () => {
    const { deployment } = loadRunConfig({
      file: join(root, flags[flags.indexOf('--config') + 1]!),
      environment: service.environment!,
      overrides: [],
    });
    expect(deployment.redis.url).toBe('redis://redis:6379');
    expect(deployment.learner.address).toBe(`learner:${deployment.learner.port}`);
    expect(deployment.coordinator.address).toBe(`coordinator:${deployment.coordinator.port}`);
    expect(deployment.tracing.endpoint).toBeNull();
    const { policyRollout, momentumRollout, voter, learner, coordinator, weightRelay } = deployment;
    const all = [policyRollout, momentumRollout, voter, learner, coordinator, weightRelay];
    for (const listen of all) {
      expect(listen.host).toBe('0.0.0.0');
      expect(listen.metricsPort).toBe(9464);
    }
    const graceMs = Number.parseInt(service.stop_grace_period!, 10) * 1000;
    expect(graceMs).toBeGreaterThan(deployment.deadlines.drainMs);
  });

  test('is on the inner network alone', () => {
    expect(service.networks).toEqual(['run']);
    expect(compose.networks.run?.internal).toBe(true);
  });
});

test('rollout workers take weights from relays where a person says so, and nobody else', () => {
  const text = read('docker-compose.yml').replace(
    /\$\{MGRPO_RELAYS:-[^}]*\}/g,
    '[weight-relay:7000]',
  );
  const withRelays: Compose = parse(withDefaults(text), { merge: true });
  const relaysOf = ({ services }: Compose, name: string) =>
    loadRunConfig({
      file: join(root, 'recipes/arithmetic.yaml'),
      environment: services[name]!.environment!,
      overrides: [],
    }).deployment.weights.relays;
  for (const [name] of ours) {
    const isRollout = name.includes('rollout');
    expect(relaysOf(compose, name), name).toEqual([]);
    expect(relaysOf(withRelays, name), name).toEqual(isRollout ? ['weight-relay:7000'] : []);
  }
});

test('only the learner writes the run folder', () => {
  const writers = ours.filter(([, { volumes }]) =>
    volumes?.some((volume) => !volume.endsWith(':ro')),
  );
  expect(writers.map(([name]) => name)).toEqual(['learner']);
});

test('Redis keeps what it has and refuses rather than forgets', () => {
  const command = compose.services.redis!.command!.join(' ');
  expect(command).toContain('--appendonly yes');
  expect(command).toContain('--maxmemory-policy noeviction');
});

test('each image that is built here is a target of the Dockerfile', () => {
  const dockerfile = read('deploy/Dockerfile');
  const built = ours.flatMap(([, { build, image }]) => (build ? [{ ...build, image }] : []));
  expect(new Set(built.map(({ image }) => image))).toEqual(
    new Set(ours.map(([, { image }]) => image)),
  );
  for (const { target, dockerfile: path, image } of built) {
    expect(path).toBe('deploy/Dockerfile');
    expect(dockerfile).toMatch(new RegExp(`^FROM .* AS ${target}$`, 'm'));
    expect(image).toMatch(new RegExp(`-${target}$`));
  }
});

test('Prometheus asks every service on its port, and Grafana asks Prometheus', () => {
  const { scrape_configs } = parse(read('deploy/prometheus/prometheus.yml'));
  const [{ names, port, type }] = scrape_configs[0].dns_sd_configs;
  expect(names.toSorted()).toEqual(ours.map(([name]) => name).toSorted());
  expect({ port, type }).toEqual({ port: 9464, type: 'A' });
  const { datasources } = parse(read('deploy/grafana/provisioning/datasources/prometheus.yml'));
  expect(datasources[0].url).toBe('http://prometheus:9090');
  const { providers } = parse(read('deploy/grafana/provisioning/dashboards/mgrpo.yml'));
  const dashboards = compose.services.grafana!.volumes!.find((each) => each.includes('.json'));
  expect(dashboards).toContain(`:${providers[0].options.path}/`);
});
