import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCode, messageOf } from '@mgrpo/errors';
import { afterAll, expect, test } from 'vitest';
import { type EvalFlags, evaluate } from './eval.ts';

const data = mkdtempSync(join(tmpdir(), 'mgrpo-eval-flags-'));
writeFileSync(join(data, 'math500.jsonl'), '{"id":"a","prompt":"1 + 1","answer":"2"}\n');
afterAll(() => rmSync(data, { recursive: true }));

const given = { file: [], set: [], engines: 1, device: 'cpu', model: 'none' } as const;

test.each<[Partial<EvalFlags>, number, RegExp]>([
  [{}, 2, /give --benchmarks \(mgrpo eval --list names them\), or --prompts/],
  [{ benchmarks: 'math500', prompts: 'x' }, 2, /give --benchmarks .* or --prompts/],
  [{ prompts: 'x', workers: '10.0.0.5:7100' }, 2, /--workers goes with --benchmarks, not with/],
  [{ prompts: 'x', maxTokens: '9' }, 2, /--max-tokens goes with --benchmarks, not with --prompts/],
  [{ listen: '::1:7100' }, 2, /--listen "::1:7100" is neither host:port nor a port/],
  [{ listen: '[::1]:99999' }, 2, /--listen "\[::1\]:99999" is neither host:port nor a port/],
  [{ prompts: 'x', file: ['gsm8k=x'] }, 2, /--file goes with --benchmarks, not with --prompts/],
  [
    { benchmarks: 'math500', data, workers: 'a:1', device: 'auto' },
    2,
    /--device is of engines here/,
  ],
  [{ benchmarks: 'math500', data, workers: '10.0.0.5' }, 2, /--workers "10.0.0.5" is no host:port/],
  [{ benchmarks: 'math500', data, workers: 'a:1,' }, 2, /--workers "" is no host:port/],
  [{ benchmarks: 'aime26', data }, 2, /no benchmark "aime26"; choose from math500, .*bench$/],
  [{ benchmarks: 'math500,' }, 2, /no benchmark ""/],
  [{ benchmarks: 'gsm8k' }, 2, /where is gsm8k\? .* --data, or name it with --file gsm8k=PATH/],
  [{ benchmarks: 'gsm8k', data }, 1, /holds none of gsm8k_test\.jsonl, .*openai\/gsm8k$/],
  [{ benchmarks: 'gsm8k', data: join(data, 'no') }, 1, /--data: can't list .*no: ENOENT/],
  [{ benchmarks: 'gsm8k', file: ['gsm8k=x'] }, 1, /can't read x: there is no such file/],
  [{ benchmarks: 'gsm8k', file: ['gsm9k=x'] }, 2, /no benchmark "gsm9k"/],
  [{ benchmarks: 'math500', file: ['math500'] }, 2, /--file "math500" is not NAME=VALUE/],
  [
    { benchmarks: 'math500', data, columns: 'answer=gold' },
    1,
    /math500\.jsonl:1: has no column "gold"; it has id, prompt, answer/,
  ],
  [{ benchmarks: 'math500', data, samples: '0' }, 2, /--samples.* whole number from 1/],
  [{ benchmarks: 'math500', data, maxTokens: '9.5' }, 2, /--max-tokens: give a whole number/],
  [
    { benchmarks: 'math500', data, temperature: '-1' },
    2,
    /--temperature: .*evaluation\.temperature/,
  ],
  [{ benchmarks: 'math500', data, template: 'no place' }, 2, /--template: .*prompts\.template/],
  [{ benchmarks: 'math500', data, resume: true }, 2, /--resume needs --out/],
  [{ benchmarks: 'math500', data }, 1, /none\/config\.json does not exist/],
])('mgrpo eval %j says what is wrong', async (flags, code, message) => {
  const error = await evaluate({ ...given, ...flags }).catch((thrown: unknown) => thrown);
  expect(messageOf(error)).toMatch(message);
  expect(exitCode(error)).toBe(code);
});
