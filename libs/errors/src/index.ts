/** The closed set of reasons for which M-GRPO refuses, gives up or stops. */
export const errorCodes = [
  'USAGE', // the command line is wrong
  'INVALID_CONFIG', // a configuration key, value or combination is wrong
  'INVALID_INPUT', // a prompts file, fixture folder or other user's file is wrong
  'INVALID_MODEL', // a model folder can't be used
  'INVALID_MESSAGE', // an RPC message, queue payload or job is malformed
  'CORRUPT', // a checkpoint, journal or payload fails its checksum
  'NOT_FOUND', // a thing that was asked for does not exist (any more)
  'STALE_WEIGHTS', // weights of another version are needed
  'STALE_EPOCH', // another learner has taken over
  'INCOMPATIBLE', // CPU, ONNX Runtime, Node or configuration differ from the run's
  'UNAUTHENTICATED', // a service does not know who calls
  'PERMISSION_DENIED', // a service knows who calls, and the call is not for them
  'UNAVAILABLE', // Redis or a service can't be reached
  'DEADLINE', // something took longer than its configured limit
  'RESOURCE', // a port is taken, the disk is full, memory is short
  'CANCELLED', // the caller went away or the run was stopped
  'INTERNAL', // a bug of ours
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/**
 * The one error class of the project: a code to decide by, a message to read, the cause to debug.
 *
 * The message names the thing and the remedy: `prompts.jsonl:17: "prompt" is missing; add it or delete the line`.
 */
export class MgrpoError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'MgrpoError';
    this.code = code;
  }
}

/** Exit code of a process that ends with `error`: 2 when the user's command or configuration is wrong, else 1. */
export function exitCode(error: unknown): 1 | 2 {
  const isUsage =
    error instanceof MgrpoError && (error.code === 'USAGE' || error.code === 'INVALID_CONFIG');
  return isUsage ? 2 : 1;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A text with `redis://user:secret@host` as `redis://user:***@host`, also where the URL is not well formed. */
export function hidePassword(text: string): string {
  // Bounded, and begun at a word only: a long text must not cost its length squared.
  return text.replace(/(?<!\w)(\w{1,20}:\/\/[^:@/\s]{0,1000}):\S{0,4000}@/g, '$1:***@');
}

const longestShown = 200;

/** A value of someone's input as JSON, for a message: without passwords, and cut where it is long. */
export function shown(value: unknown): string {
  const json = hidePassword(JSON.stringify(value) ?? String(value));
  if (json.length <= longestShown) return json;
  return `${json.slice(0, longestShown)}… (${json.length} characters)`;
}
