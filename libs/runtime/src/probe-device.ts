import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Device, DeviceNeeds } from './device.ts';
import { explainFailure } from './device-failure.ts';

/** What came of trying a device. */
export type Probe =
  | {
      readonly kind: 'works';
      /** Hash of what it computed: devices that round differently differ. */
      readonly bits: string;
    }
  | { readonly kind: 'fails'; readonly reason: string };

const program = fileURLToPath(new URL('./probe-process.ts', import.meta.url));
const patienceMs = 120_000;

/**
 * Tries a device on a small graph, whose results must be the CPU's up to rounding.
 *
 * Where it is needed, it also has to take a buffer of a size, and to compute in float16.
 *
 * In a process of its own: a broken driver may abort, and what libraries write to stderr says why a device fails.
 */
export function probeDevice(device: Device, needs: DeviceNeeds = {}): Promise<Probe> {
  const { promise, resolve } = Promise.withResolvers<Probe>();
  const options = { timeout: patienceMs, encoding: 'utf8' } as const;
  const task = [program, device, JSON.stringify(needs)];
  execFile(process.execPath, task, options, (error, stdout, stderr) => {
    if (error === null) resolve({ kind: 'works', bits: stdout.trim() });
    else if (error.killed) {
      resolve({ kind: 'fails', reason: `it did not answer within ${patienceMs / 1000} s` });
    } else {
      const end = error.signal == null ? '' : `its driver died of ${error.signal}`;
      resolve({ kind: 'fails', reason: explainFailure(`${stderr}\n${end}`) });
    }
  });
  return promise;
}
