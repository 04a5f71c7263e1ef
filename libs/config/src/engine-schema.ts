import { z } from 'zod';
import { integer, milliseconds, path } from './keys.ts';

const quantisation = z
  .strictObject({
    bits: z.literal([8, 4]).default(8).describe('bits of a weight'),
    blockSize: z
      .literal([16, 32, 64, 128])
      .default(32)
      .describe('neighbouring weights that share a scale: fewer are more exact'),
  })
  .nullable()
  .default(null)
  .describe(
    'with `engine: onnx` and `device: cpu`: weights are rounded for training rollouts, which decode faster; wants `algorithm.loss.importance`, docs/quantisation.md; `{}` for the defaults below; null: float32',
  );

/**
 * Who samples, and on what. A part of the run's identity: another engine draws other responses, and k decides the entropies that
 * the filter sees. Where its servers are is in `deployment.openai`, and changes nothing.
 */
export const rolloutSchema = z
  .strictObject({
    device: z
      .enum(['cpu', 'webgpu', 'cuda', 'auto'])
      .default('cpu')
      .describe(
        'with `engine: onnx`: what generates: the processor, a GPU by WebGPU or by CUDA, or the best that works there; the run keeps to what the first worker of a role had',
      ),
    engine: z
      .enum(['onnx', 'openai'])
      .default('onnx')
      .describe(
        'what samples responses: our own engine, or servers with the OpenAI completions API (docs/engines.md), which lose determinism and give estimates of entropies',
      ),
    quantisation,
    topLogprobs: integer(1, 1000)
      .default(20)
      .describe(
        'with `engine: openai`: logprobs asked for at each position, from which entropies are estimated (vLLM allows 20 unless started with a larger --max-logprobs)',
      ),
  })
  .prefault({})
  .describe(
    'who samples; `deployment.rollout` and `deployment.openai` have what does not change a result',
  );

// No user and password: they would stand in stored configurations and messages.
const url = z.string().regex(/^https?:\/\/[^\s/@]+(\/[^\s@]*)?$/);
const urls = (role: string) =>
  z
    .array(url)
    .max(64)
    .default([])
    .describe(
      `servers of the ${role} model, http://host:port without /v1; each serves one rollout worker alone`,
    );

/** Where and how servers with the OpenAI completions API are used; read with `rollout.engine: openai` alone. */
export const openAiSchema = z
  .strictObject({
    policyUrls: urls('policy'),
    momentumUrls: urls('momentum'),
    kind: z
      .enum(['vllm', 'sglang'])
      .default('vllm')
      .describe('which extensions of the API the servers have, weight reloads among them'),
    model: z
      .string()
      .min(1)
      .default('model')
      .describe('name under which the servers have the model (--served-model-name)'),
    apiKeyVariable: z
      .string()
      .regex(/^[A-Za-z_]\w*$/)
      .nullable()
      .default(null)
      .describe('environment variable that holds the API key; null: the servers want none'),
    weightsFolder: path
      .nullable()
      .default(null)
      .describe(
        'folder that rollout workers and servers share, for weight versions; null: the system’s temporary folder',
      ),
    weightsFolderOnServer: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('the same folder as the servers see it; null: by the same path'),
    concurrency: integer(1, 4096)
      .default(64)
      .describe('responses that one server draws at the same time'),
    attempts: integer(1, 100)
      .default(5)
      .describe('tries of one request after 429, 5xx, a broken connection or stale weights'),
    requestMs: milliseconds
      .default(600_000)
      .describe('one try: from request to the whole response (ms)'),
    deadlineMs: milliseconds
      .default(900_000)
      .describe('all tries of one request; then its job is put off (ms)'),
    reloadMs: milliseconds.default(300_000).describe('reloading one weight version (ms)'),
    maxAnswerBytes: integer(1024)
      .default(64 * 2 ** 20)
      .describe('a longer answer is refused'),
    probe: z
      .enum(['own-engine', 'server'])
      .default('own-engine')
      .describe(
        'a reload is checked against our own engine with the same weights, which needs memory for them, or only against the server’s earlier answers',
      ),
    probeTolerance: z
      .number()
      .positive()
      .max(10)
      .default(0.2)
      .describe(
        'largest difference of two logprobs of one token and the same weights (nats): rounding to bfloat16 and other batches make it',
      ),
  })
  .prefault({})
  .describe('servers with the OpenAI completions API, read with `rollout.engine: openai` alone');
