import { uploadedName } from '@mgrpo/model';
import type { DeviceSession, DeviceTensor, Feeds } from '@mgrpo/runtime';

/** Copies of tensors in the memory of a device, under the same names. @param session of `uploadGraph` */
export async function upload(
  session: DeviceSession,
  feeds: Feeds,
): Promise<Readonly<Record<string, DeviceTensor>>> {
  const copies = await session.run(feeds);
  return Object.fromEntries(
    Object.keys(feeds).map((name) => [name, copies[uploadedName(name)]!] as const),
  );
}
