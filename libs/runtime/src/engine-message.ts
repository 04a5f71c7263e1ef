import { type ErrorCode, errorCodes, MgrpoError, messageOf } from '@mgrpo/errors';

/** What the main thread posts to an engine thread. */
export type ToEngine =
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly method: string;
      readonly params: unknown;
    }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'close' };

/** What an engine thread posts back. `opened` comes first, `closed` last. */
export type FromEngine =
  | { readonly kind: 'opened' }
  | { readonly kind: 'failed-to-open'; readonly error: WireError }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: WireError }
  | { readonly kind: 'closed' };

/** An error that has crossed a thread: structured clones lose the class and the code. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly stack: string;
}

/** Flattens anything thrown; what is no MgrpoError is a bug of ours and becomes INTERNAL. */
export function toWire(error: unknown): WireError {
  const code = error instanceof MgrpoError ? error.code : 'INTERNAL';
  const stack = error instanceof Error && error.stack ? error.stack : '';
  return { code, message: messageOf(error), stack };
}

/** Rebuilds the error on the other side; the stack of the thread that threw is its cause. */
export function fromWire(wire: WireError): MgrpoError {
  const code = errorCodes.includes(wire.code) ? wire.code : 'INTERNAL';
  const cause = new Error(wire.message);
  cause.stack = wire.stack;
  return new MgrpoError(code, wire.message, { cause });
}
