import { MgrpoError } from '@mgrpo/errors';
import {
  arrayBytes,
  contracts,
  decodeStored,
  encodeStored,
  float32Array,
  int32Array,
  type RolloutBatch__Output,
  type RolloutChunk,
  type RolloutChunk__Output,
  roleFromWire,
  wireRole,
} from '@mgrpo/rpc';

/** One sampled response; arrays have one element per response token, the stop token included. */
export interface Rollout {
  /** Within its group and role. */
  index: number;
  tokens: Int32Array;
  /** Behaviour logprobs: of the model and at the temperature that sampled, natural logarithm. */
  logprobs: Float32Array;
  /** Nats, over the full vocabulary, before top-p and top-k. */
  entropies: Float32Array;
  /** Nats, over the same distribution; null where the job does not ask for them. */
  selfCertainties: Float32Array | null;
  finishReason: 'stop' | 'length';
}

/** Consecutive rollouts of one group and role. */
export interface RolloutPart {
  runId: string;
  iteration: number;
  prompt: number;
  role: 'policy' | 'momentum';
  weightVersion: number;
  firstRollout: number;
  rollouts: readonly Rollout[];
}

const wireFinish = { stop: 'FINISH_REASON_STOP', length: 'FINISH_REASON_LENGTH' } as const;

/** The payload of a rollout job. */
export function encodeRollouts(parts: readonly RolloutPart[]): Buffer {
  return encodeStored(contracts.RolloutBatch, { chunks: parts.map(toWire) });
}

/** @throws MgrpoError INVALID_MESSAGE when the bytes are not a consistent batch. */
export function decodeRollouts(bytes: Uint8Array, what: string): RolloutPart[] {
  const batch: RolloutBatch__Output = decodeStored(contracts.RolloutBatch, bytes, what);
  if (batch.chunks.length === 0) throw new MgrpoError('INVALID_MESSAGE', `${what} has no rollouts`);
  return batch.chunks.map((chunk) => fromWire(chunk, what));
}

/** Rollouts as the message that `Generate` streams and payloads hold. */
export function toWire(part: RolloutPart): RolloutChunk {
  return {
    runId: part.runId,
    iteration: part.iteration,
    prompt: part.prompt,
    role: wireRole[part.role],
    firstRollout: part.firstRollout,
    weightVersion: part.weightVersion,
    rollouts: part.rollouts.map((rollout) => ({
      index: rollout.index,
      tokenIds: arrayBytes(rollout.tokens),
      logprobs: arrayBytes(rollout.logprobs),
      entropies: arrayBytes(rollout.entropies),
      ...(rollout.selfCertainties && { selfCertainties: arrayBytes(rollout.selfCertainties) }),
      finishReason: wireFinish[rollout.finishReason],
    })),
  };
}

/**
 * The same way back.
 *
 * @param what names the message in errors
 * @throws MgrpoError INVALID_MESSAGE when arrays differ in length or a field is none of its set
 */
export function fromWire(chunk: RolloutChunk__Output, what: string): RolloutPart {
  return {
    runId: chunk.runId,
    iteration: chunk.iteration,
    prompt: chunk.prompt,
    role: roleFromWire(chunk.role),
    weightVersion: chunk.weightVersion,
    firstRollout: chunk.firstRollout,
    rollouts: chunk.rollouts.map((wire, position) => {
      const name = `${what}, rollout ${wire.index}`;
      const rollout: Rollout = {
        index: wire.index,
        tokens: int32Array(wire.tokenIds, `${name}: token_ids`),
        logprobs: float32Array(wire.logprobs, `${name}: logprobs`),
        entropies: float32Array(wire.entropies, `${name}: entropies`),
        // A response has a token at least, so no bytes mean that there are none.
        selfCertainties:
          wire.selfCertainties.length === 0
            ? null
            : float32Array(wire.selfCertainties, `${name}: self_certainties`),
        finishReason: finishFromWire(wire.finishReason, name),
      };
      if (rollout.index !== chunk.firstRollout + position) {
        throw new MgrpoError(
          'INVALID_MESSAGE',
          `${name} should be ${chunk.firstRollout + position}`,
        );
      }
      checkArrays(rollout, name);
      return rollout;
    }),
  };
}

function finishFromWire(reason: string, name: string): 'stop' | 'length' {
  if (reason === wireFinish.stop) return 'stop';
  if (reason === wireFinish.length) return 'length';
  throw new MgrpoError('INVALID_MESSAGE', `${name}: finish_reason is ${reason}`);
}

function checkArrays({ tokens, ...scores }: Rollout, name: string): void {
  const { logprobs, entropies, selfCertainties } = scores;
  const arrays =
    selfCertainties === null ? [logprobs, entropies] : [logprobs, entropies, selfCertainties];
  if (tokens.length === 0 || arrays.some((array) => array.length !== tokens.length)) {
    const certainties =
      selfCertainties === null ? '' : `, ${selfCertainties.length} self-certainties`;
    throw new MgrpoError(
      'INVALID_MESSAGE',
      `${name} has ${tokens.length} tokens, ${logprobs.length} logprobs, ${entropies.length} entropies${certainties}`,
    );
  }
  if (!arrays.every(isFiniteArray)) {
    throw new MgrpoError(
      'INVALID_MESSAGE',
      `${name} has a logprob, entropy or self-certainty that is no finite number`,
    );
  }
}

/** As `array.every(Number.isFinite)`, at a tenth of its time: this looks at every number of a run, twice. */
function isFiniteArray(array: Float32Array): boolean {
  for (let i = 0; i < array.length; i++) {
    const value = array[i]!;
    if (value - value !== 0) return false;
  }
  return true;
}
