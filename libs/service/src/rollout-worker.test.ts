import { GenerationEngine } from '@mgrpo/generation';
import { initialWeights, parseModelConfig } from '@mgrpo/model';
import { PayloadStore, type RolloutJob } from '@mgrpo/queues';
import { startRedis } from '@mgrpo/queues/testing';
import { openSecurity } from '@mgrpo/rpc';
import { createLogger, createMetrics, createRegistry, quietTracer } from '@mgrpo/telemetry';
import { expect, it, onTestFinished } from 'vitest';
import { RolloutWorker, rolloutMetrics } from './rollout-worker.ts';
import { WeightFeed } from './weight-feed.ts';

const model = parseModelConfig({
  model_type: 'qwen3',
  vocab_size: 18,
  hidden_size: 48,
  head_dim: 16,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 80,
  max_position_embeddings: 32_768,
  tie_word_embeddings: true,
});

/** A worker that holds version 1, on a Redis of its own. */
async function openWorker() {
  const { redis, close } = await startRedis();
  onTestFinished(close);
  const engine = await GenerationEngine.start({ model, slots: 4, device: 'cpu' });
  onTestFinished(() => engine.close());
  await engine.setWeights(1, initialWeights(model, 1));
  const weights = new WeightFeed({
    // Nobody is there: the engine has all it needs.
    addresses: ['127.0.0.1:1'],
    security: openSecurity,
    subscriber: { role: 'policy', name: 'test', fingerprint: '', configHash: '', isRelay: false },
    ...{ runId: 'r', expectedBytes: 4, reconnectDelayMs: 1000, staleMs: 1000, returnMs: 1000 },
    log: createLogger({ service: 'test', level: 'silent' }),
    onVersion: async () => {},
  });
  onTestFinished(() => weights.close());
  const payloads = new PayloadStore(redis, 60);
  const metrics = createMetrics(createRegistry('policy-rollout'), rolloutMetrics);
  const worker = new RolloutWorker({
    ...{ role: 'policy', seed: 1, stopTokenIds: [], engine, weights, payloads, runId: 'r' },
    ...{ keepVersions: 1, fetchDeadlineMs: 1000, metrics, tracer: quietTracer() },
  });
  const run = (maxResponseTokens: number, signal: AbortSignal) =>
    quietTracer().span('rollout', {}, (span) => worker.run(jobOf(maxResponseTokens), span, signal));
  return { engine, worker, payloads, run };
}

function jobOf(maxResponseTokens: number): RolloutJob {
  return {
    ...{ runId: 'r', purpose: 'train', role: 'policy', iteration: 0, weightVersion: 1 },
    prompts: [
      { prompt: 0, tokens: [1, 2] },
      { prompt: 1, tokens: [3] },
    ],
    firstRollout: 0,
    numRollouts: 2,
    sampling: { temperature: 1, topP: 1, topK: 0, maxResponseTokens, selfCertainty: false },
    key: 'k',
  };
}

it('a job past its deadline leaves the engine, which does the next', async () => {
  const { engine, worker, payloads, run } = await openWorker();
  const abort = new AbortController();
  const endless = run(32_000, abort.signal);
  await expect.poll(async () => (await engine.stats()).activeRollouts).toBe(4);
  abort.abort();
  await expect(endless).rejects.toMatchObject({ code: 'CANCELLED' });
  await expect.poll(async () => (await engine.stats()).activeRollouts).toBe(0);
  expect(worker.activeRollouts).toBe(0);
  expect(await payloads.find('k')).toBeUndefined();
  const ref = await run(3, new AbortController().signal);
  expect(ref).toMatchObject({ key: 'k' });
  expect(worker.generatedTokens).toBe(12);
});
