import {
  contracts,
  decodeStored,
  encodeMessage,
  encodeStored,
  type RolloutBatch,
} from '@mgrpo/rpc';
import { describe, expect, it } from 'vitest';
import { assembleGroups } from './groups.ts';
import { decodeRollouts, encodeRollouts, type RolloutPart } from './rollout-codec.ts';

function part(role: 'policy' | 'momentum', first: number, count: number): RolloutPart {
  return {
    runId: 'r',
    iteration: 3,
    prompt: 1,
    role,
    weightVersion: 2,
    firstRollout: first,
    rollouts: Array.from({ length: count }, (_, i) => ({
      index: first + i,
      tokens: Int32Array.of(5, 151_935, i),
      logprobs: Float32Array.of(-0.1, -2.5, -1e-7),
      entropies: Float32Array.of(0.25, 1.5, 0),
      selfCertainties: role === 'policy' ? Float32Array.of(4, 0.5, 1e-7) : null,
      finishReason: i % 2 === 0 ? 'stop' : 'length',
    })),
  };
}

/** The payload of one policy part with something changed. */
function tampered(change: (batch: RolloutBatch) => void): Buffer {
  const bytes = encodeRollouts([part('policy', 0, 2)]);
  const batch = decodeStored(contracts.RolloutBatch, bytes, 'test') as RolloutBatch;
  change(batch);
  return encodeStored(contracts.RolloutBatch, batch);
}

describe('a rollout payload', () => {
  it('comes back as it was, to the bit', () => {
    const parts = [part('policy', 4, 3), part('momentum', 0, 1)];
    expect(decodeRollouts(encodeRollouts(parts), 'k')).toEqual(parts);
  });

  it('of a newer format is refused by its number, and one without a number is of the first', () => {
    const batch = decodeStored(contracts.RolloutBatch, encodeRollouts([part('policy', 0, 2)]), 'k');
    const unversioned = encodeMessage(contracts.RolloutBatch, { ...batch, formatVersion: 0 });
    expect(decodeRollouts(unversioned, 'k')).toEqual([part('policy', 0, 2)]);
    const newer = encodeMessage(contracts.RolloutBatch, { ...batch, formatVersion: 2 });
    expect(() => decodeRollouts(newer, 'k')).toThrow(
      'k has format 2, this program reads 1: a newer version wrote it; go on with that one',
    );
  });

  it('has the same bytes whoever makes it', () => {
    expect(encodeRollouts([part('policy', 0, 2)])).toEqual(encodeRollouts([part('policy', 0, 2)]));
  });

  it.each<[string, Buffer, RegExp]>([
    ['random bytes', Buffer.from('not protobuf at all'), /k is not a valid message/],
    ['nothing', Buffer.alloc(0), /k has no rollouts/],
    [
      'a logprob too few',
      tampered((b) => {
        b.chunks![0]!.rollouts![1]!.logprobs = Buffer.alloc(8);
      }),
      /rollout 1 has 3 tokens, 2 logprobs/,
    ],
    [
      'a self-certainty too many',
      tampered((b) => {
        b.chunks![0]!.rollouts![0]!.selfCertainties = Buffer.alloc(16);
      }),
      /rollout 0 has 3 tokens, 3 logprobs, 3 entropies, 4 self-certainties/,
    ],
    [
      'a self-certainty that is no number',
      tampered((b) => {
        b.chunks![0]!.rollouts![0]!.selfCertainties = Buffer.from(
          Float32Array.of(Number.POSITIVE_INFINITY, 0, 0).buffer,
        );
      }),
      /no finite number/,
    ],
    [
      'half a number',
      tampered((b) => {
        b.chunks![0]!.rollouts![0]!.tokenIds = Buffer.alloc(7);
      }),
      /token_ids has 7 bytes/,
    ],
    [
      'a logprob that is no number',
      tampered((b) => {
        b.chunks![0]!.rollouts![0]!.logprobs = Buffer.from(
          Float32Array.of(Number.NaN, 0, 0).buffer,
        );
      }),
      /no finite number/,
    ],
    [
      'no role',
      tampered((b) => {
        b.chunks![0]!.role = 'ROLE_UNSPECIFIED';
      }),
      /role is ROLE_UNSPECIFIED/,
    ],
    [
      'rollouts out of order',
      tampered((b) => {
        b.chunks![0]!.rollouts!.reverse();
      }),
      /rollout 1 should be 0/,
    ],
  ])('of %s is refused', (_what, bytes, message) => {
    expect(() => decodeRollouts(bytes, 'k')).toThrow(message);
  });
});

describe('assembleGroups', () => {
  const expected = { runId: 'r', iteration: 3, weightVersion: 2, numPolicy: 3, numMomentum: 2 };
  const one = { ...expected, prompts: [1] };
  const whole = [
    part('momentum', 1, 1),
    part('policy', 2, 1),
    part('momentum', 0, 1),
    part('policy', 0, 2),
  ];
  const otherWording = whole.map((each) => ({ ...each, prompt: 2 }));

  it('orders the parts, whichever ended first', () => {
    const [group] = assembleGroups(whole, one);
    expect(group!.policy.map((rollout) => rollout.index)).toEqual([0, 1, 2]);
    expect(group!.momentum.map((rollout) => rollout.index)).toEqual([0, 1]);
  });

  it('keeps the wordings of a question apart, in the order asked for', () => {
    const groups = assembleGroups([...whole, ...otherWording], { ...expected, prompts: [2, 1] });
    expect(groups.map(({ policy, momentum }) => [policy.length, momentum.length])).toEqual([
      [3, 2],
      [3, 2],
    ]);
    expect(groups[1]!.policy[0]).toBe(whole[3]!.rollouts[0]);
  });

  it.each<[string, RolloutPart[], RegExp]>([
    ['a missing part', whole.slice(1), /expected 2 momentum rollouts, got 1 \(0\)/],
    ['a doubled part', [...whole, part('policy', 2, 1)], /expected 3 policy rollouts, got 4/],
    ['another prompt', [...whole, otherWording[0]!], /prompt is 2, expected 1/],
    [
      'another weight version',
      [{ ...whole[0]!, weightVersion: 1 }, ...whole.slice(1)],
      /weightVersion is 1/,
    ],
    ['another run', [{ ...whole[0]!, runId: 'x' }, ...whole.slice(1)], /runId is x/],
  ])('refuses %s: a vote on another group would be another vote', (_what, parts, message) => {
    expect(() => assembleGroups(parts, one)).toThrow(message);
  });
});
