import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { saveRandomModel } from '../random-model.ts';

/** Random weights over many characters, so that a response is some hundreds of tokens long. */
export function makeRandomModel(folder: string, seed?: number): Promise<void> {
  const characters = Array.from({ length: 400 }, (_, i) => String.fromCodePoint(32 + i)).join('');
  return saveRandomModel(folder, { characters, maxPositions: 512, ...(seed && { seed }) });
}

/** Eight problems as the file of each of these benchmarks. */
export function writeProblems(folder: string, benchmarks: readonly string[]): void {
  mkdirSync(folder);
  const rows = Array.from({ length: 8 }, (_, i) => {
    return { id: `p${i}`, prompt: `What is ${i} + 1?`, answer: `${i + 1}` };
  });
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  for (const name of benchmarks) writeFileSync(join(folder, `${name}.jsonl`), lines);
}
