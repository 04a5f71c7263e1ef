import { expect, it } from 'vitest';
import { weightAddresses } from './weight-addresses.ts';

const relays = ['a:1', 'b:1', 'c:1', 'd:1'];
const names = Array.from({ length: 2000 }, (_, i) => `rollout-${i}`);

it('is two relays and the learner, in an order of the name’s own', () => {
  const addresses = weightAddresses('rollout-7', relays, 'learner:1');
  expect(addresses).toEqual(weightAddresses('rollout-7', [...relays].reverse(), 'learner:1'));
  expect(addresses).toHaveLength(3);
  expect(addresses.at(-1)).toBe('learner:1');
  expect(weightAddresses('rollout-7', [], 'learner:1')).toEqual(['learner:1']);
  expect(weightAddresses('rollout-7', ['a:1'], 'learner:1')).toEqual(['a:1', 'learner:1']);
});

it('spreads names evenly, and the children of one relay over the others', () => {
  const firsts = names.map((name) => weightAddresses(name, relays, 'l:1'));
  for (const relay of relays) {
    const own = firsts.filter(([first]) => first === relay);
    expect(own.length / names.length).toBeCloseTo(1 / relays.length, 1);
    for (const other of relays.filter((each) => each !== relay)) {
      expect(own.filter(([, second]) => second === other).length).toBeGreaterThan(own.length / 5);
    }
  }
});

it('moves only the children of a relay that goes', () => {
  const fewer = relays.slice(1);
  for (const name of names) {
    const [before] = weightAddresses(name, relays, 'l:1');
    const [after] = weightAddresses(name, fewer, 'l:1');
    if (before !== relays[0]) expect(after).toBe(before);
  }
});
