import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, test } from 'vitest';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const fixtures = fileURLToPath(new URL('../../../test/fixtures', import.meta.url));
const base = join(fixtures, '../../models/arithmetic-base');
const folder = mkdtempSync(join(tmpdir(), 'mgrpo-cli-'));

/** Runs the command line as a person does, in a folder of its own. */
async function mgrpo(...args: string[]) {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: folder,
    env: { ...process.env, REDIS_URL: '' },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

const commands = [
  'train',
  'pretrain',
  'eval',
  'generate',
  'serve',
  'replay',
  'export',
  'answers',
  'verify',
  'doctor',
];

test.each(commands)('mgrpo %s --help shows usage and examples', async (command) => {
  const { code, stdout } = await mgrpo(command, '--help');
  expect(code).toBe(0);
  expect(stdout).toContain(`Usage: mgrpo ${command}`);
  expect(stdout).toMatch(/Examples:\n {2}\$ mgrpo /);
});

describe('wrong usage ends with 2 and says what is wrong', () => {
  test.each([
    [['trian'], /unknown command 'trian'.*Did you mean train/s],
    [['train', '--iteration', '3'], /unknown option '--iteration'.*--iterations/s],
    [['eval', '--prompts', 'x'], /required option '--model <dir>'/],
    [['generate', '--model', 'm', '--prompt', 'p', '--samples', 'two'], /whole number from 1/],
    [['train', 'none.yaml'], /none\.yaml can't be read/],
    [['train', '--workers', 'poliy=2'], /--workers: .*did you mean "deployment\.workers\.policy"/],
    [['train', '--workers', 'policy'], /--workers: "policy" names no number; write it as/],
    [['train', '--iterations', 'ten'], /--iterations: "iterations" is "ten"; it must be a whole/],
    [
      ['train', '--set', 'algorithm.groupSize=30'],
      /--set: algorithm\.groupSize 30 is not a multiple/,
    ],
    [['train', '--resume'], /runs\/ holds no run of arithmetic/],
    [['serve', 'votre', '--config', 'x.yaml'], /no service "votre"; choose one of .*voter/],
  ])('%j', async (args, message) => {
    const { code, stderr } = await mgrpo(...args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect(code).toBe(2);
  });

  test('a folder that holds a run is not trained into', async () => {
    mkdirSync(join(folder, 'held'));
    writeFileSync(join(folder, 'held', 'manifest.json'), '{}');
    const { code, stderr } = await mgrpo('train', '--run', 'held');
    expect(stderr).toMatch(/held already holds a run; go on with it by --resume/);
    expect(code).toBe(2);
  });

  test('nor is a folder of other things, such as a model, whose config.json would be lost', async () => {
    cpSync(join(fixtures, 'tiny-qwen3'), join(folder, 'model'), { recursive: true });
    const before = readFileSync(join(folder, 'model', 'config.json'));
    const { code, stderr } = await mgrpo('train', '--run', 'model');
    expect(stderr).toMatch(
      /model holds other things \(after_step\.safetensors, .*\); choose a new or an/,
    );
    expect(code).toBe(2);
    expect(readdirSync(join(folder, 'model'))).toEqual(readdirSync(join(fixtures, 'tiny-qwen3')));
    expect(readFileSync(join(folder, 'model', 'config.json'))).toEqual(before);
  });

  test('nor is a file', async () => {
    writeFileSync(join(folder, 'file'), '');
    const { code, stderr } = await mgrpo('train', '--run', 'file');
    expect(stderr).toMatch(/file can't be the folder of a run \(.*\); choose another one by --run/);
    expect(code).toBe(2);
  });
});

describe('failures end with 1 and name the thing', () => {
  test('a model folder without a model', async () => {
    const { code, stderr } = await mgrpo('generate', '--model', 'none', '--prompt', 'x');
    expect(stderr).toMatch(/^mgrpo: none\/config\.json does not exist; .*\n$/);
    expect(code).toBe(1);
  });

  test('a model folder without a tokenizer', async () => {
    cpSync(join(fixtures, 'tiny-qwen3'), join(folder, 'bare'), { recursive: true });
    const { code, stderr } = await mgrpo('generate', '--model', 'bare', '--prompt', 'x');
    expect(stderr).toMatch(/^mgrpo: bare\/tokenizer\.json does not exist; .*\n$/);
    expect(code).toBe(1);
  });

  test('no Redis at the address that was given', async () => {
    const url = 'redis://:secret@127.0.0.1:1';
    const { code, stderr } = await mgrpo('train', '--redis', url, '--run', 'no-redis');
    expect(stderr).toMatch(/^mgrpo: no Redis at redis:\/\/:\*\*\*@127\.0\.0\.1:1: .*\n$/);
    expect(code).toBe(1);
  });
});

test('generate ends its response where the positions of the model end, unless told', async () => {
  const question = ['generate', '--model', base, '--prompt', '6+1+6-2*6*7='];
  const { code, stdout } = await mgrpo(...question);
  expect(code).toBe(0);
  expect(stdout).toMatch(/>\d\n$/);
  const told = await mgrpo(...question, '--max-tokens', '60');
  expect(told.stderr).toMatch(/need 72 positions; the model has 64: shorten one of them/);
  expect(told.code).toBe(1);
});

test('eval on prompts says by which settings they fit into the model', async () => {
  writeFileSync(join(folder, 'sums.jsonl'), '{"prompt": "1+1=", "answer": "2"}');
  const { code, stderr } = await mgrpo('eval', '--model', base, '--prompts', 'sums.jsonl');
  expect(stderr).toMatch(
    /responses of 3072 need 3076 positions; the model has 64: name its recipe/,
  );
  expect(code).toBe(2);
});

test('a run folder is not taken for a model, and a checkpoint is', async () => {
  const checkpoint = join(folder, 'run/checkpoints/step-1');
  cpSync(base, checkpoint, { recursive: true });
  for (const made of [join(folder, 'run'), checkpoint]) {
    writeFileSync(join(made, 'manifest.json'), '{}');
  }
  mkdirSync(join(folder, 'run/epochs'));
  const answer = await mgrpo('generate', '--model', checkpoint, '--prompt', '1+1=');
  expect(answer.code).toBe(0);
  const { code, stderr } = await mgrpo('generate', '--model', 'run', '--prompt', 'x');
  expect(stderr).toMatch(
    /run is the folder of a run; name one of its models, like run\/checkpoints/,
  );
  expect(code).toBe(2);
});

test('verify prints one JSON object with the largest differences', async () => {
  const { code, stdout } = await mgrpo('verify', join(fixtures, 'tiny-qwen3'));
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ greedyEqual: true, logits: expect.any(Number) });
});

test('doctor says what is there, and plans the memory of a model', async () => {
  const { stdout } = await mgrpo('doctor', '--model', join(fixtures, 'tiny-qwen3'), '--json');
  const { checks, memoryPlan } = JSON.parse(stdout);
  expect(checks.map(({ name }: { name: string }) => name)).toContain('Redis');
  expect(memoryPlan.processes[0].parts[0]).toEqual({
    name: 'policy',
    bytes: 4 * memoryPlan.parameters,
  });
});

test('doctor says which device a recipe asks for in vain', async () => {
  const model = join(fixtures, 'tiny-qwen3');
  const recipe = join(folder, 'cuda.yaml');
  const keys = ['prompts: {train: none}', `model: {path: ${model}}`, 'learner: {device: cuda}'];
  writeFileSync(recipe, keys.join('\n'));
  const { code, stdout } = await mgrpo('doctor', '--recipe', recipe);
  expect(stdout).toMatch(/✓ rollout\.device cpu\n✓ +webgpu +not taken: cpu is asked for\n✓ +cuda/);
  expect(stdout).toMatch(/✗ learner\.device .*the CUDA provider is not in this installation/);
  expect(code).toBe(1);
});

test('doctor lists every device, with the reason where auto does not take it', async () => {
  const { stdout } = await mgrpo('doctor');
  expect(stdout).toMatch(/✓ device +\w+, by auto\n/);
  expect(stdout).toMatch(/✓ +cuda +not taken: the CUDA provider is not in this installation; take/);
  expect(stdout).toMatch(/✓ +webgpu +not taken: /);
});

test('a device that does not work here is refused by name, with what is missing', async () => {
  const flags = ['--model', base, '--prompt', '1+1=', '--device', 'cuda'];
  const { code, stderr } = await mgrpo('generate', ...flags);
  expect(stderr).toMatch(
    /^mgrpo: device cuda does not work here: the CUDA provider is not in this/,
  );
  expect(code).toBe(1);
});

test.skipIf(!inject('hasWebGpu'))(
  'eval computes on the device that is asked for',
  async () => {
    const prompts = join(folder, 'one.jsonl');
    writeFileSync(prompts, '{"prompt":"6+1+6-2*6*7=","answer":"-71"}\n');
    const flags = ['--model', base, '--prompts', prompts, '--temperature', '0', '--samples', '1'];
    const short = ['--set', 'sampling.maxResponseTokens=8', '--json'];
    const onCpu = await mgrpo('eval', ...flags, ...short);
    const onDevice = await mgrpo('eval', ...flags, ...short, '--device', 'webgpu');
    expect(onDevice.stderr).toContain('mgrpo: computes on webgpu\n');
    expect(onDevice.stdout).toBe(onCpu.stdout);
    expect(JSON.parse(onCpu.stdout)).toMatchObject({ prompts: 1 });
  },
  120_000,
);

test('doctor --dry-run checks a model by its files and says what fits', async () => {
  const model = join(fixtures, 'tiny-qwen3');
  const { code, stdout } = await mgrpo('doctor', '--dry-run', '--model', model);
  expect(code).toBe(0);
  expect(stdout).toContain('67,296 parameters in 35 tensors');
  expect(stdout).toContain('weights: names and shapes as stored, F32');
  expect(stdout).toMatch(/for one process alone:\n {2}learner +fits\n {2}policy-rollout +fits/);
  const json = JSON.parse((await mgrpo('doctor', '--dry-run', '--json', '--model', model)).stdout);
  expect(json).toMatchObject({ model: { parameters: 67_296 }, fits: [{ kind: 'fits' }, {}, {}] });
  const none = await mgrpo('doctor', '--dry-run');
  expect(none.code).toBe(2);
  expect(none.stderr).toContain('--dry-run needs --model or --recipe');
});
