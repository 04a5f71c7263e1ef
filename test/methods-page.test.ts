import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Method, methods } from '@mgrpo/algorithm';
import { expect, test } from 'vitest';

const page = readFileSync(join(import.meta.dirname, '../docs/algorithm.md'), 'utf8');
const groupSize = 16;

/** `3G/4` or `G` or `M/2` as a number. */
function share(text: string, whole: number): number {
  const [, times = '', by = ''] = /^(\d*)[GM](?:\/(\d+))?$/.exec(text) ?? [];
  return text === '0' ? 0 : (Number(times || 1) * whole) / Number(by || 1);
}

test.each(Object.entries<Method>(methods))(
  'docs/algorithm.md says of %s what the code does, in a section of its own',
  (name, method) => {
    expect(page).toContain(`\n### ${name}\n`);
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\` |`));
    const [, , counts, trained, label, reward, filter, reference, m] = row!
      .split('|')
      .map((cell) => cell.trim().replaceAll('`', ''));
    const [policy, momentum] = counts!.split(' / ').map((text) => share(text, groupSize));
    const options = { groupSize, momentumRollouts: null, trainedRollouts: null };
    expect(method.counts(options)).toEqual({ policy, momentum, trained: share(trained!, policy!) });
    const labels = { vote: /^vote of/, 'cross-vote': /other wording/, gold: /gold/, none: /none/ };
    expect(label).toMatch(labels[method.labels.kind]);
    expect(reward).toBe(method.needsSelfCertainty ? 'self-certainty' : 'agreement');
    expect(filter).toBe(method.filter);
    expect(reference).toBe(method.klReference);
    if (momentum! > 0) expect(m!.startsWith(method.momentumSchedule)).toBe(true);
  },
);
