import { compareWithReference, outOfTolerance } from '@mgrpo/training';

/** Prints the largest differences from the reference as one JSON object; 1 when one is out of tolerance. */
export async function verify(folder: string): Promise<number> {
  const comparison = await compareWithReference(folder);
  process.stdout.write(`${JSON.stringify(comparison)}\n`);
  const failed = outOfTolerance(comparison);
  if (failed.length === 0) return 0;
  process.stderr.write(`mgrpo: out of tolerance: ${failed.join(', ')}\n`);
  return 1;
}
