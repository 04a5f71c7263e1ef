import { chooseDevice, type DeviceSetting } from '@mgrpo/runtime';
import { compareWithReference, outOfTolerance } from '@mgrpo/training';

export interface VerifyFlags {
  readonly device: DeviceSetting;
}

/** Prints the largest differences from the reference as one JSON object; 1 when one is out of tolerance. */
export async function verify(folder: string, flags: VerifyFlags): Promise<number> {
  const { device } = await chooseDevice(flags.device);
  const comparison = await compareWithReference(folder, { device });
  process.stdout.write(`${JSON.stringify(comparison)}\n`);
  const failed = outOfTolerance(comparison);
  if (failed.length === 0) return 0;
  process.stderr.write(`mgrpo: out of tolerance: ${failed.join(', ')}\n`);
  return 1;
}
