import { expect, test } from 'vitest';
import { canonicalJson, runIdentity, withoutSecrets } from './identity.ts';
import { parseRunConfig } from './run-config.ts';

const config = (changes: object = {}) =>
  parseRunConfig({ model: { path: 'a' }, prompts: { train: 'b' }, ...changes }, 'test');
const contents = { model: '11', trainPrompts: '22', validationPrompts: null };

test('location, deployment and the watch for collapse leave the identity of a run as it is', () => {
  const deployment = {
    workers: { policy: 4 },
    redis: { url: 'redis://elsewhere' },
    learner: { reference: 'disk' },
  };
  const collapse = { onCollapse: 'pause', window: 3 };
  const moved = config({ model: { path: '/x' }, prompts: { train: '/y' }, deployment, collapse });
  expect(runIdentity(moved, contents)).toBe(runIdentity(config(), contents));
});

test('content and every other key change it', () => {
  const same = runIdentity(config(), contents);
  expect(runIdentity(config(), { ...contents, model: '12' })).not.toBe(same);
  expect(runIdentity(config(), { ...contents, trainPrompts: '23' })).not.toBe(same);
  expect(runIdentity(config({ seed: 2 }), contents)).not.toBe(same);
  expect(runIdentity(config({ learner: { microbatchTokens: 4096 } }), contents)).not.toBe(same);
});

test('the names of columns change it, and the usual names spelled out do not', () => {
  const named = (columns: object) =>
    runIdentity(config({ prompts: { train: 'b', columns } }), contents);
  const same = runIdentity(config(), contents);
  expect(named({ prompt: 'prompt' })).toBe(same);
  expect(named({ prompt: 'question' })).not.toBe(same);
  expect(named({ answer: 'question' })).not.toBe(named({ prompt: 'question' }));
});

test('how a chat is written changes it; plain prompts are what they were before chats', () => {
  const chat = (prompts: object) =>
    runIdentity(config({ prompts: { train: 'b', format: 'chat', ...prompts } }), contents);
  const plain = runIdentity(config(), contents);
  const ids = [
    plain,
    chat({}),
    chat({ systemPrompt: 'Be brief.' }),
    chat({ templateVariables: { enable_thinking: false } }),
    chat({ templateVariables: { enable_thinking: true } }),
  ];
  expect(new Set(ids).size).toBe(ids.length);
  expect(plain).not.toContain('systemPrompt');
});

test('products in float16 change it; in float32 it is what it was before', () => {
  const learner = (compute: string) =>
    runIdentity(config({ learner: { device: 'webgpu', compute } }), contents);
  expect(learner('float16')).not.toBe(learner('float32'));
  expect(learner('float32')).not.toContain('"compute"');
});

test('an adapter changes it, the order of its targets does not, and none is what it was before', () => {
  const adapted = (adapter: object | null) =>
    runIdentity(config({ algorithm: { adapter } }), contents);
  expect(adapted(null)).not.toContain('adapter');
  expect(adapted({ targets: ['q_proj', 'v_proj'] })).toBe(
    adapted({ targets: ['v_proj', 'q_proj'] }),
  );
  const ids = [null, {}, { rank: 4 }, { alpha: 1 }, { targets: ['q_proj'] }].map(adapted);
  expect(new Set(ids).size).toBe(ids.length);
});

test('importance sampling and its cap change it, and none is what it was before', () => {
  const weighted = (importance: object | null) =>
    runIdentity(config({ algorithm: { loss: { importance } } }), contents);
  expect(weighted(null)).not.toContain('importance');
  expect(new Set([null, {}, { cap: 3 }].map(weighted)).size).toBe(3);
});

test('rounded weights change it, and none are what was before', () => {
  const rounded = (quantisation: object | null) =>
    runIdentity(
      config({ rollout: { quantisation }, algorithm: { loss: { importance: {} } } }),
      contents,
    );
  expect(rounded(null)).not.toContain('quantisation');
  expect(new Set([null, {}, { bits: 4 }, { blockSize: 64 }].map(rounded)).size).toBe(4);
});

test('canonical JSON does not depend on the order of keys', () => {
  expect(canonicalJson({ b: [{ d: 1, c: null }], a: 'x' })).toBe(
    '{"a":"x","b":[{"c":null,"d":1}]}',
  );
});

test('a stored configuration holds no password', () => {
  const secret = config({ deployment: { redis: { url: 'rediss://me:hidden@host' } } });
  expect(JSON.stringify(withoutSecrets(secret))).not.toContain('hidden');
});

test('the engine that samples changes it, and where its servers are does not', () => {
  const identity = (rollout: object, openai: object = {}) => {
    const urls = { policyUrls: ['http://a:1'], momentumUrls: ['http://a:2'] };
    return runIdentity(
      config({ rollout, deployment: { openai: { ...urls, ...openai } } }),
      contents,
    );
  };
  const ours = runIdentity(config(), contents);
  expect(identity({ engine: 'onnx', topLogprobs: 7 })).toBe(ours);
  const theirs = identity({ engine: 'openai' });
  expect(theirs).not.toBe(ours);
  expect(identity({ engine: 'openai' }, { policyUrls: ['http://b:1'], kind: 'sglang' })).toBe(
    theirs,
  );
  expect(identity({ engine: 'openai', topLogprobs: 7 })).not.toBe(theirs);
});
