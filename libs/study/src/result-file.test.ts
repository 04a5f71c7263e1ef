import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openResults, writeResult } from './result-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'mgrpo-results-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a file is made with its folders and replaced whole', () => {
  const path = join(folder, 'a/b/one.json');
  writeResult(path, 'old');
  writeResult(path, 'new');
  expect(readFileSync(path, 'utf8')).toBe('new');
  expect(readdirSync(join(folder, 'a/b'))).toEqual(['one.json']);
});

test('a place that cannot be written is named, with what to do', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const refusal = { code: 'RESOURCE', message: expect.stringMatching(/can't write .*choose/) };
  expect(() => openResults(join(file, 'study'))).toThrow(expect.objectContaining(refusal));
  expect(() => writeResult(join(file, 'one.json'), '')).toThrow(expect.objectContaining(refusal));
});
