import { expect, test } from 'vitest';
import { PretrainingProgress } from './pretraining-progress.ts';

/** What is written for steps of 2 s each whose loss falls from 3 by 0.01. */
function shown(steps: number, output: { isTTY?: boolean; columns?: number; json?: boolean }) {
  let text = '';
  let now = 0;
  const progress = new PretrainingProgress(
    { ...output, write: (part) => (text += part) },
    { json: output.json === true, total: 100, now: () => now },
  );
  progress.notice('Pretraining');
  for (let step = 1; step <= steps; step++) {
    now += 2000;
    progress.step({ step, loss: 3 - step / 100 });
  }
  progress.notice('Finished');
  return text;
}

test('without a terminal there is a line for every 50 steps, with the mean loss of these', () => {
  const lines = shown(100, {}).trimEnd().split('\n');
  expect(lines).toHaveLength(4);
  expect(lines[0]).toBe('Pretraining');
  expect(lines[1]).toMatch(/^step 50\/100 · loss 2\.745 [▁▂▃▄▅▆▇█]{20} · 1 min 40 s left$/);
  expect(lines[2]).toMatch(/^step 100\/100 · loss 2\.245 .* · 0 s left$/);
});

test('on a terminal one line is redrawn, cut to the width, and notices start a new one', () => {
  const text = shown(3, { isTTY: true, columns: 30 });
  const drawn = text.split('\r\u001b[K').slice(1);
  expect(drawn).toHaveLength(3);
  expect(drawn[2]).toMatch(/^step 3\/100 · loss 2\.98.*\nFinished\n$/);
  for (const line of drawn) expect(line.split('\n')[0]!.length).toBeLessThan(30);
});

test('JSON lines hold the steps and nothing for people', () => {
  expect(shown(2, { json: true })).toBe(
    '{"kind":"step","step":1,"loss":2.99}\n{"kind":"step","step":2,"loss":2.98}\n',
  );
});
