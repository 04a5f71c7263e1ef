import { fileURLToPath } from 'node:url';
import { loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import type { ProtoGrpcType as CoordinatorProto } from './gen/coordinator.ts';
import type { ProtoGrpcType as LearnerProto } from './gen/learner.ts';
import type { ProtoGrpcType as RolloutProto } from './gen/rollout.ts';
import type { ProtoGrpcType as VoterProto } from './gen/voter.ts';
import type { ProtoGrpcType as WeightsProto } from './gen/weights.ts';

const protoFolder = fileURLToPath(new URL('../../../protos', import.meta.url));

/** Every message and service of `protos/mgrpo/v1`, as @grpc/proto-loader reads it. */
export const packageDefinition = loadSync(
  ['rollout', 'weights', 'voter', 'learner', 'coordinator'].map((name) => `mgrpo/v1/${name}.proto`),
  // The generated types in `gen/` are made with the same choices (`pnpm --filter @mgrpo/rpc generate`).
  {
    longs: Number,
    enums: String,
    defaults: true,
    arrays: true,
    oneofs: true,
    includeDirs: [protoFolder],
  },
);

type Contracts = CoordinatorProto['mgrpo']['v1'] &
  LearnerProto['mgrpo']['v1'] &
  RolloutProto['mgrpo']['v1'] &
  VoterProto['mgrpo']['v1'] &
  WeightsProto['mgrpo']['v1'];

/** Client constructors with their service definitions, and message codecs, by name. */
export const contracts = (
  loadPackageDefinition(packageDefinition) as unknown as { mgrpo: { v1: Contracts } }
).mgrpo.v1;

/** Bytes of a message, as stored in Redis and in the journal. */
export function encodeMessage<In, Out>(type: MessageTypeDefinition<In, Out>, message: In): Buffer {
  return type.serialize(message);
}

/**
 * The message in `bytes`, which are input: they come from Redis or a disk.
 *
 * @throws MgrpoError INVALID_MESSAGE naming `what` when the bytes are not such a message.
 */
export function decodeMessage<In, Out>(
  type: MessageTypeDefinition<In, Out>,
  bytes: Uint8Array,
  what: string,
): Out {
  try {
    return type.deserialize(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    throw new MgrpoError('INVALID_MESSAGE', `${what} is not a valid message: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
