import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { type ErrorCode, errorCodes, MgrpoError, messageOf } from '@mgrpo/errors';

/** The one mapping of error codes to gRPC status codes. */
const statusOf: Readonly<Record<ErrorCode, status>> = {
  USAGE: status.INVALID_ARGUMENT,
  INVALID_CONFIG: status.INVALID_ARGUMENT,
  INVALID_INPUT: status.INVALID_ARGUMENT,
  INVALID_MODEL: status.INVALID_ARGUMENT,
  INVALID_MESSAGE: status.INVALID_ARGUMENT,
  CORRUPT: status.DATA_LOSS,
  NOT_FOUND: status.NOT_FOUND,
  STALE_WEIGHTS: status.FAILED_PRECONDITION,
  STALE_EPOCH: status.ABORTED,
  INCOMPATIBLE: status.FAILED_PRECONDITION,
  UNAUTHENTICATED: status.UNAUTHENTICATED,
  PERMISSION_DENIED: status.PERMISSION_DENIED,
  UNAVAILABLE: status.UNAVAILABLE,
  DEADLINE: status.DEADLINE_EXCEEDED,
  RESOURCE: status.RESOURCE_EXHAUSTED,
  CANCELLED: status.CANCELLED,
  INTERNAL: status.INTERNAL,
};

/** Codes for what gRPC itself or a foreign server reports. */
const codeOf = new Map<status, ErrorCode>([
  [status.INVALID_ARGUMENT, 'INVALID_MESSAGE'],
  [status.DATA_LOSS, 'CORRUPT'],
  [status.NOT_FOUND, 'NOT_FOUND'],
  [status.UNAUTHENTICATED, 'UNAUTHENTICATED'],
  [status.PERMISSION_DENIED, 'PERMISSION_DENIED'],
  [status.UNAVAILABLE, 'UNAVAILABLE'],
  [status.DEADLINE_EXCEEDED, 'DEADLINE'],
  [status.RESOURCE_EXHAUSTED, 'RESOURCE'],
  [status.CANCELLED, 'CANCELLED'],
]);

// The exact code travels beside the coarser gRPC status.
const codeHeader = 'mgrpo-code';

/** What a handler's error looks like on the wire. */
export function toStatus(error: unknown): { code: status; details: string; metadata: Metadata } {
  const code = error instanceof MgrpoError ? error.code : 'INTERNAL';
  const metadata = new Metadata();
  metadata.set(codeHeader, code);
  return { code: statusOf[code], details: messageOf(error), metadata };
}

/** The error a caller of `target` sees for a failed call. */
export function fromStatus(error: unknown, target: string): MgrpoError {
  if (error instanceof MgrpoError) return error;
  const { code, details, metadata } = error as Partial<ServiceError>;
  if (code === undefined) {
    return new MgrpoError('INTERNAL', `${target}: ${messageOf(error)}`, { cause: error });
  }
  const named = metadata?.get(codeHeader)[0];
  const known = errorCodes.find((candidate) => candidate === named);
  // gRPC ends its sentence with a heading that has nothing below it.
  const said = details?.replace(/ Resolution note: $/, '');
  return new MgrpoError(known ?? codeOf.get(code) ?? 'INTERNAL', `${target}: ${said}`, {
    cause: error,
  });
}
