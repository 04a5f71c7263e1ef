import { MgrpoError } from '@mgrpo/errors';
import type { RunConfig } from './run-schema.ts';

/**
 * For what generates by our own engine in any case, and must not pass that off as the run's.
 *
 * @param what the command or the like, for the message
 * @throws MgrpoError INVALID_CONFIG where the run's rollouts come from servers of another engine
 */
export function requireOwnEngine({ rollout }: RunConfig, what: string): void {
  if (rollout.engine === 'onnx') return;
  throw new MgrpoError(
    'INVALID_CONFIG',
    `${what} generates by our own engine, and rollout.engine is ${rollout.engine}, whose rollouts nothing can generate again to the same bits`,
  );
}
