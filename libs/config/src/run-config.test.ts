import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultAlgorithmOptions } from '@mgrpo/algorithm';
import { beforeEach, expect, test } from 'vitest';
import { loadRunConfig, parseRunConfig } from './run-config.ts';
import { runConfigSchema } from './run-schema.ts';
import { fieldsOf } from './schema-fields.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mgrpo-config-'));
});

const minimal = 'model:\n  path: base\nprompts:\n  train: ../train.jsonl\n';

function load(recipe: string, overrides: string[] = [], environment: Record<string, string> = {}) {
  const file = join(folder, 'recipe.yaml');
  writeFileSync(file, recipe);
  const flags = overrides.map((assignment) => ({ flag: '--set', assignment }));
  return loadRunConfig({ file, environment, overrides: flags });
}

function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_CONFIG' });
    return (error as Error).message.replaceAll(`${folder}/`, '');
  }
  throw new Error('nothing was thrown');
}

test('a recipe that names model and prompts gets every default of the paper', () => {
  const config = load(minimal);
  expect(config.algorithm).toEqual(defaultAlgorithmOptions);
  expect(config.sampling).toEqual({ temperature: 1.1, topP: 1, topK: 0, maxResponseTokens: 3072 });
  expect(config.evaluation.temperature).toBe(0.8);
});

test('the command line wins over the environment, and the environment over the recipe', () => {
  const recipe = `${minimal}iterations: 1\nseed: 1\nlag: 1\n`;
  const environment = { MGRPO__ITERATIONS: '2', MGRPO__SEED: '2', PATH: '/bin' };
  const { iterations, seed, lag } = load(recipe, ['iterations=3', 'iterations=4'], environment);
  expect({ iterations, seed, lag }).toEqual({ iterations: 4, seed: 2, lag: 1 });
});

test('every key has a name in the environment', () => {
  const environment = {
    MGRPO__ALGORITHM__GROUP_SIZE: '8',
    MGRPO__DEPLOYMENT__POLICY_ROLLOUT__METRICS_PORT: '9001',
    MGRPO__ALGORITHM__FILTER: '{kind: off, k: 1}',
    REDIS_URL: 'redis://cache:6379',
  };
  const { algorithm, deployment } = load(minimal, [], environment);
  expect(algorithm.groupSize).toBe(8);
  expect(algorithm.filter).toMatchObject({ kind: 'off', k: 1, share: 0.1 });
  expect(deployment.policyRollout.metricsPort).toBe(9001);
  expect(deployment.redis.url).toBe('redis://cache:6379');
});

test('paths start at the recipe, those of the command line at the working directory', () => {
  const config = load(minimal, ['prompts.validation=val.jsonl']);
  expect(config.model.path).toBe(join(folder, 'base'));
  expect(config.prompts.train).toBe(join(folder, '..', 'train.jsonl'));
  expect(config.prompts.validation).toBe(join(process.cwd(), 'val.jsonl'));
  expect(load(minimal, ['model.path=/models/base']).model.path).toBe('/models/base');
});

test('unknown keys are named with their line and the key that was meant', () => {
  const recipe = `${minimal}iteratons: 5\nalgorithm:\n  groupsize: 8\n  learningRate: 3\n__proto__: {a: 1}\n`;
  const lines = messageOf(() => load(recipe)).split('\n');
  expect(lines).toContain('recipe.yaml:5: unknown key "iteratons"; did you mean "iterations"?');
  expect(lines).toContain(
    'recipe.yaml:7: unknown key "algorithm.groupsize"; did you mean "groupSize"?',
  );
  expect(lines).toContain(
    'recipe.yaml:8: unknown key "algorithm.learningRate"; it belongs to "algorithm.optimizer.learningRate"',
  );
  expect(lines.join()).toContain('recipe.yaml:9: unknown key "__proto__"');
});

test('wrong values are named with what they may be', () => {
  expect(messageOf(() => load(`${minimal}iterations: ten\n`))).toBe(
    'recipe.yaml:5: "iterations" is "ten"; it must be a whole number from 1 ' +
      '(iterations of the run, which schedules span)',
  );
  expect(messageOf(() => load(minimal, ['deployment.voter.port=70000']))).toContain(
    '--set: "deployment.voter.port" is 70000; it must be a whole number from 0 to 65535',
  );
  expect(messageOf(() => load('seed: 1\n'))).toContain('recipe.yaml: "model" is missing');
  expect(messageOf(() => load(minimal, ['prompts.template=Answer:']))).toContain('{prompt}');
});

test('a wrong Redis URL is named without its password', () => {
  const message = messageOf(() => load(minimal, [], { REDIS_URL: 'http://me:secret@host' }));
  expect(message).toContain(
    'environment variable REDIS_URL: "deployment.redis.url" is "http://me:***@host"',
  );
});

test('misspelt variables and overrides are errors', () => {
  expect(messageOf(() => load(minimal, [], { MGRPO__ITERATION: '1' }))).toContain(
    'did you mean "MGRPO__ITERATIONS"?',
  );
  expect(messageOf(() => load(minimal, ['algorithm.lag=1']))).toContain(
    'unknown key "algorithm.lag"',
  );
  expect(() => load(minimal, ['iterations'])).toThrow('write it as --set path=value');
});

test('a missing recipe and one that is no YAML are errors with a place', () => {
  const missing = { file: join(folder, 'none.yaml'), environment: {}, overrides: [] };
  expect(messageOf(() => loadRunConfig(missing))).toContain("none.yaml can't be read");
  expect(messageOf(() => load('a: [1\nb: 2'))).toMatch(
    /recipe\.yaml:2: .* with a \]; mend the YAML there$/,
  );
  expect(messageOf(() => load('- a'))).toContain('must hold a map of keys');
  // Found by `npm run fuzz`.
  expect(messageOf(() => load('a: *b'))).toContain('recipe.yaml: Unresolved alias');
});

test('a text that may be null is called that', () => {
  const message = messageOf(() => load(minimal, ['prompts.systemPrompt=[a]']));
  expect(message).toContain('"prompts.systemPrompt" is ["a"]; it must be a text or null');
});

test.each([
  ['algorithm.groupSize=30', 'algorithm.groupSize 30 is not a multiple of 4'],
  ['algorithm.momentumRollouts=32', 'leaves no policy rollouts'],
  ['algorithm.optimizer.minibatchPrompts=3', 'does not divide algorithm.promptsPerIteration 8'],
  ['learner.microbatchTokens=100', 'set it to 3584 or more'],
  ['learner.compute=float16', 'learner.compute float16 is for GPUs, and learner.device is cpu'],
  ['learner={recompute: layers, device: webgpu}', 'learner.recompute layers runs on the CPU'],
  ['evaluation={temperature: 0, samples: 4}', 'use 1 sample or a temperature above 0'],
  ['prompts.systemPrompt=hello', 'prompts.systemPrompt is for prompts.format chat'],
  ['prompts.templateVariables={a: 1}', 'prompts.templateVariables is for prompts.format chat'],
  [
    'deployment.jobs.stalledIntervalMs=2000',
    'must be less than deployment.jobs.lockDurationMs 2000',
  ],
])('%s does not fit the rest: %s', (override, complaint) => {
  const message = messageOf(() => load(minimal, [override]));
  expect(message).toContain('--set: ');
  expect(message).toContain(complaint);
});

test('an adapter keeps the initial weights in memory, and the configuration does not say otherwise', () => {
  const onDisk = 'deployment.learner.reference=disk';
  expect(load(minimal, [onDisk]).deployment.learner.reference).toBe('disk');
  expect(messageOf(() => load(minimal, [onDisk, 'algorithm.adapter={}']))).toContain(
    'deployment.learner.reference disk saves nothing with algorithm.adapter',
  );
});

test('a chat has its variables, and neither cuts its end nor takes the names that are ours', () => {
  const chat = ['prompts.format=chat', 'prompts.templateVariables={enable_thinking: false}'];
  expect(load(minimal, chat).prompts).toMatchObject({
    format: 'chat',
    systemPrompt: null,
    templateVariables: { enable_thinking: false },
  });
  expect(messageOf(() => load(minimal, [...chat, 'prompts.tooLong=truncate']))).toContain(
    'prompts.tooLong truncate would cut the end of a chat',
  );
  const taken = ['prompts.format=chat', 'prompts.templateVariables={messages: a}'];
  expect(messageOf(() => load(minimal, taken))).toContain('sets messages, which is ours to give');
  const nested = ['prompts.format=chat', 'prompts.templateVariables={a: [1]}'];
  expect(messageOf(() => load(minimal, nested))).toContain('"prompts.templateVariables.a"');
});

test('one port can not serve two on one machine', () => {
  const ports = ['deployment.learner.port=7000', 'deployment.voter.metricsPort=7000'];
  expect(messageOf(() => load(minimal, ports))).toBe(
    '--set: deployment.voter.metricsPort 7000 is also deployment.learner.port; ' +
      'give each its own, or 0 for any free port',
  );
  const apart = [...ports, 'deployment.learner.address=learner:7000'];
  expect(load(minimal, apart).deployment.voter.metricsPort).toBe(7000);
});

test('a stored configuration is read back as it was', () => {
  const config = load(minimal, ['iterations=3']);
  expect(parseRunConfig(JSON.parse(JSON.stringify(config)), 'config.json')).toEqual(config);
  expect(messageOf(() => parseRunConfig({ ...config, iterations: 0 }, 'config.json'))).toContain(
    'config.json: "iterations" is 0',
  );
});

test('every key and section says what it is', () => {
  for (const field of fieldsOf(runConfigSchema)) {
    expect(field.description, field.path).not.toBe('');
    expect(field.type, field.path).not.toContain('undefined');
  }
});

test('an adapter has defaults, can be set by its keys, and names each layer once', () => {
  expect(load(minimal).algorithm.adapter).toBeNull();
  const { adapter } = load(minimal, ['algorithm.adapter={}']).algorithm;
  expect(adapter).toMatchObject({ rank: 16, alpha: 32 });
  expect(adapter?.targets.length).toBe(7);
  const set = ['algorithm.adapter.rank=4', 'algorithm.adapter.targets=[q_proj, v_proj]'];
  expect(load(minimal, set).algorithm.adapter).toEqual({
    rank: 4,
    alpha: 32,
    targets: ['q_proj', 'v_proj'],
  });
  const wrong = (assignment: string) => messageOf(() => load(minimal, [assignment]));
  expect(wrong('algorithm.adapter.targets=[q_proj, q_proj]')).toContain('names q_proj twice');
  expect(wrong('algorithm.adapter.targets=[lm_head]')).toContain('q_proj');
  expect(wrong('algorithm.adapter.rank=0')).toContain('algorithm.adapter.rank');
  expect(wrong('algorithm.adapter.r=4')).toContain('unknown key');
});

test('rounded weights are for our own engine on the CPU, and want their tokens weighed', () => {
  const rounded = (...more: string[]) => [
    'rollout.quantisation={}',
    'algorithm.loss.importance={}',
    ...more,
  ];
  expect(load(minimal, rounded()).rollout.quantisation).toEqual({ bits: 8, blockSize: 32 });
  expect(load(minimal).rollout.quantisation).toBeNull();
  const wrong = (...more: string[]) => messageOf(() => load(minimal, rounded(...more)));
  expect(wrong('algorithm.loss.importance=null')).toContain(
    "algorithm.loss.importance is null, and rollouts by rounded weights (rollout.quantisation) are not the policy's own",
  );
  for (const device of ['webgpu', 'cuda', 'auto']) {
    expect(wrong(`rollout.device=${device}`)).toContain(
      `rollout.quantisation decodes on the CPU alone, and rollout.device is ${device}`,
    );
  }
  expect(wrong('rollout.engine=openai')).toContain(
    "not those of rollout.engine openai's servers; set one to null or onnx",
  );
  expect(wrong('rollout.quantisation.bits=6')).toContain('one of 8, 4');
  expect(wrong('rollout.quantisation.blockSize=8')).toContain('one of 16, 32, 64, 128');
});

test('a rollback needs checkpoints that reach back before the suspicion', () => {
  const settings = ['collapse.onCollapse=rollback', 'checkpoint.everyIterations=5'];
  expect(messageOf(() => load(minimal, settings))).toContain('keep 4');
  expect(() => load(minimal, [...settings, 'checkpoint.keep=4'])).not.toThrow();
  expect(() => load(minimal, settings.slice(1))).not.toThrow();
});

test('servers of another engine belong to one worker of one role, and give no self-certainties', () => {
  const openai = (...more: string[]) => [
    'rollout.engine=openai',
    'deployment.openai.policyUrls=["http://a:1"]',
    'deployment.openai.momentumUrls=["http://b:1"]',
    ...more,
  ];
  expect(load(minimal, openai()).rollout).toMatchObject({ engine: 'openai', topLogprobs: 20 });
  expect(messageOf(() => load(minimal, ['rollout.engine=openai']))).toContain(
    'deployment.openai.policyUrls is empty',
  );
  expect(
    messageOf(() => load(minimal, openai('deployment.openai.momentumUrls=["http://a:1"]'))),
  ).toContain('has http://a:1, which is a server of the policy');
  expect(messageOf(() => load(minimal, openai('deployment.workers.policy=2')))).toContain(
    'deployment.workers.policy 2 would share the servers',
  );
  expect(messageOf(() => load(minimal, openai('algorithm.method=intuitor')))).toContain(
    "rollout.engine openai can't give",
  );
  // Beside each pod its own server, at one address.
  const beside = [
    'deployment.openai.momentumUrls=["http://a:1"]',
    'deployment.learner.address=learner:9000',
  ];
  expect(load(minimal, openai(...beside)).rollout.engine).toBe('openai');
});
