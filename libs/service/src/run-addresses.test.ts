import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readAddresses, writeAddresses } from './run-addresses.ts';

const folder = mkdtempSync(join(tmpdir(), 'mgrpo-addresses-'));
mkdirSync(join(folder, 'logs'));
afterAll(() => rmSync(folder, { recursive: true }));

test('addresses are there as long as the run is under way', () => {
  const takeBack = writeAddresses(folder, { coordinator: '127.0.0.1:4000' });
  expect(readAddresses(folder)).toEqual({ coordinator: '127.0.0.1:4000' });
  takeBack();
  expect(() => readAddresses(folder)).toThrow(/no run is under way in that folder/);
});

test.each(['', '{"coordi', '[]', '{"coordinator": 4000}', '{"coordinator": "the house"}'])(
  'a file that says %j is refused with the remedy',
  (text) => {
    writeFileSync(join(folder, 'logs/addresses.json'), text);
    expect(() => readAddresses(folder)).toThrow(
      /addresses\.json does not say where the run is: .*; name the coordinator with --coordinator HOST:PORT/s,
    );
  },
);
