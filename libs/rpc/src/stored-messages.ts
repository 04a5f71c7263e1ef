import type { MessageTypeDefinition } from '@grpc/proto-loader';
import { MgrpoError } from '@mgrpo/errors';
import { decodeMessage, encodeMessage } from './contracts.ts';

/** Of what lies in Redis and in journals: raised when an older reader would misread it. */
const formatVersion = 1;

/** Bytes of a message that outlives its call, with the version of its format. */
export function encodeStored<In extends { formatVersion?: number }, Out>(
  type: MessageTypeDefinition<In, Out>,
  message: In,
): Buffer {
  return encodeMessage(type, { ...message, formatVersion });
}

/**
 * The message in `bytes`. One without a version is of version 1, from before versions were written.
 *
 * @throws MgrpoError INVALID_MESSAGE when the bytes are none, INCOMPATIBLE when a newer program wrote them
 */
export function decodeStored<In, Out extends { formatVersion: number }>(
  type: MessageTypeDefinition<In, Out>,
  bytes: Uint8Array,
  what: string,
): Out {
  const message = decodeMessage(type, bytes, what);
  if (message.formatVersion <= formatVersion) return message;
  throw new MgrpoError(
    'INCOMPATIBLE',
    `${what} has format ${message.formatVersion}, this program reads ${formatVersion}: a newer version wrote it; go on with that one`,
  );
}
