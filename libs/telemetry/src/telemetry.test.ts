import { connect } from 'node:net';
import { Writable } from 'node:stream';
import { MgrpoError } from '@mgrpo/errors';
import { afterEach, expect, test } from 'vitest';
import { createLogger } from './logger.ts';
import { metricDefinitions } from './metric-definitions.ts';
import { createMetrics, createRegistry } from './metrics.ts';
import { startTelemetryServer, type TelemetryServer } from './telemetry-server.ts';

const servers: TelemetryServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(probes: { live?: string; ready?: string }, port = 0) {
  const registry = createRegistry('voter');
  const server = await startTelemetryServer({
    host: '127.0.0.1',
    port,
    registry,
    live: () => probes.live ?? null,
    ready: async () => probes.ready ?? null,
  });
  servers.push(server);
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
    return { status: response.status, text: await response.text() };
  };
  return { server, registry, get };
}

test('metrics are served with the service they come from', async () => {
  const { registry, get } = await serve({});
  const metrics = createMetrics(registry, ['droppedRollouts', 'iterationSeconds']);
  metrics.droppedRollouts.inc({ role: 'policy', reason: 'low-entropy' }, 3);
  metrics.iterationSeconds.observe({ phase: 'vote' }, 0.2);
  const { text } = await get('/metrics');
  expect(text).toContain(
    'mgrpo_dropped_rollouts_total{role="policy",reason="low-entropy",service="voter"} 3',
  );
  expect(text).toMatch(/mgrpo_iteration_seconds_bucket\{[^}]*le="0.3"[^}]*\} 1/);
  expect(text).toContain('process_resident_memory_bytes');
  expect(text).not.toContain('mgrpo_loss_nats');
});

test('probes answer 200, or 503 with the reason', async () => {
  const probes: { ready?: string } = { ready: 'waiting for weights' };
  const { get } = await serve(probes);
  expect(await get('/healthz')).toEqual({ status: 200, text: 'ok\n' });
  expect(await get('/readyz')).toEqual({ status: 503, text: 'waiting for weights\n' });
  delete probes.ready;
  expect((await get('/readyz')).status).toBe(200);
  expect((await get('/else')).status).toBe(404);
  expect((await get('/metrics', 'POST')).status).toBe(405);
});

test('a taken port is named, and closing twice is harmless', async () => {
  const { server } = await serve({});
  const second = serve({}, server.port);
  await expect(second).rejects.toThrow(MgrpoError);
  await expect(second).rejects.toThrow(`metrics port 127.0.0.1:${server.port} is taken`);
  await server.close();
  await server.close();
});

test('what has not happened yet is 0, not absent; a gauge that was never set is absent', async () => {
  const { registry, get } = await serve({});
  createMetrics(registry, ['rollouts', 'entropy', 'groupSeconds'], { role: 'policy' });
  const { text } = await get('/metrics');
  expect(text).toContain('mgrpo_rollouts_total{role="policy",service="voter"} 0');
  expect(text).not.toContain('role="momentum"');
  expect(text).toContain('mgrpo_group_seconds_count{service="voter"} 0');
  expect(text).not.toContain('mgrpo_trajectory_entropy_nats{');
});

test('names follow the rule mgrpo_<noun>_<unit>, counters end in _total', () => {
  // What counts things, and what is 0 or 1, has no unit; nor has a coefficient; issue 6 names the gap.
  const units = /_(seconds|bytes|nats|ratio|tokens|jobs|iterations|version|l2|total)$/;
  const bare =
    /^mgrpo_(run_phase|learner_connected|learner_epoch|relay_subscribers|relay_weight_versions|active_rollouts|engine_slots|group_answers|learning_rate|logprob_gap_max|loss_scale|momentum_coefficient|entropy_is_estimate)$/;
  const names = Object.values(metricDefinitions).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { kind, name, help, buckets } of Object.values(metricDefinitions)) {
    expect(name).toMatch(/^mgrpo_[a-z0-9_]+$/);
    expect(units.test(name) || bare.test(name), name).toBe(true);
    expect(name.endsWith('_total'), name).toBe(kind === 'counter');
    expect(buckets.length > 0, name).toBe(kind === 'histogram');
    expect(help).not.toBe('');
  }
});

test('events are JSON lines with fields; an error keeps its code', () => {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const log = createLogger({ service: 'learner', level: 'info' }, stream);
  log.debug('not shown');
  log.info({ step: 3, loss: 0.5 }, 'train step');
  log.error({ err: new MgrpoError('CORRUPT', 'bad checksum') }, 'checkpoint refused');
  const [info, error] = lines.map((line) => JSON.parse(line));
  expect(lines).toHaveLength(2);
  expect(info).toMatchObject({ level: 'info', service: 'learner', step: 3, msg: 'train step' });
  expect(error.err).toMatchObject({ code: 'CORRUPT', message: 'bad checksum' });
});

test('who sends a request a byte at a time is cut off, and others are served meanwhile', async () => {
  const { server, get } = await serve({});
  const slow = Array.from({ length: 50 }, () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET /metrics HTTP/1.1\r\nX-Slow: ');
    const timer = setInterval(() => socket.write('x'), 250);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    return closed.finally(() => clearInterval(timer));
  });
  expect((await get('/healthz')).status).toBe(200);
  const start = performance.now();
  await Promise.all(slow);
  expect(performance.now() - start).toBeLessThan(15_000);
});
