import { appendFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MetricsTail } from './metrics-tail.ts';

const newFile = () => join(mkdtempSync(join(tmpdir(), 'mgrpo-tail-')), 'metrics.jsonl');

test('each whole line comes once, a line still being written comes later', () => {
  const file = newFile();
  const tail = new MetricsTail(file);
  expect(tail.read()).toEqual([]);
  appendFileSync(file, '{"kind":"iteration","iteration":0}\n{"kind":"iter');
  expect(tail.read()).toEqual([{ kind: 'iteration', iteration: 0 }]);
  expect(tail.read()).toEqual([]);
  appendFileSync(file, 'ation","iteration":1}\n');
  expect(tail.read()).toEqual([{ kind: 'iteration', iteration: 1 }]);
});

test('a line that is no JSON is named with its file', () => {
  const file = newFile();
  appendFileSync(file, 'oops\n');
  expect(() => new MetricsTail(file).read()).toThrow(`${file} has a line that is no JSON`);
});
