import { createHash } from 'node:crypto';
import { fingerprint } from '@mgrpo/runtime';

/** What a machine's bits depend on (CPU, ONNX Runtime, Node), as one string for the wire. */
export function machineFingerprint(): string {
  return createHash('sha256').update(JSON.stringify(fingerprint())).digest('hex').slice(0, 16);
}
