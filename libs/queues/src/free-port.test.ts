import { expect, it } from 'vitest';
import { freePort } from './free-port.ts';

it('no port is given twice: who asked for one may not listen there yet', async () => {
  const ports: number[] = [];
  // Of 17,000: drawn without a memory, two of so many are the same in all but one of 1,500 cases.
  for (let i = 0; i < 500; i++) ports.push(await freePort());
  expect(new Set(ports).size).toBe(500);
});
