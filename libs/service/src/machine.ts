import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { type DeviceChoice, fingerprint } from '@mgrpo/runtime';

/** What a machine's bits depend on (CPU and its kernels, ONNX Runtime, Node), as one string for the wire. */
export async function machineFingerprint(): Promise<string> {
  const text = JSON.stringify(await fingerprint());
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** What was chosen, and why not what is faster, as fields of a log line. */
export function deviceFields({ identity, passedOver }: DeviceChoice): Record<string, string> {
  const reasons = passedOver.map(({ device, reason }) => [`not_${device}`, reason] as const);
  return { device: identity, ...Object.fromEntries(reasons) };
}

/** Names this process among all of the run's; in Kubernetes by its pod. */
export function workerName(): string {
  return `${hostname()}:${process.pid}`;
}
