import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Makers of GPUs that compute, by PCI vendor. A server's console adapter (ASPEED, Matrox, QEMU) is none. */
const makers: Readonly<Record<string, string>> = {
  '0x10de': 'NVIDIA',
  '0x1002': 'AMD',
  '0x8086': 'Intel',
};

/** The GPUs on this machine's PCI bus by maker, `['NVIDIA']`; null where the system has no such list. */
export function findGpus(folder = '/sys/bus/pci/devices'): readonly string[] | null {
  const read = (device: string, file: string): string =>
    readFileSync(join(folder, device, file), 'utf8').trim();
  try {
    return readdirSync(folder).flatMap((device) => {
      const isDisplay = read(device, 'class').startsWith('0x03');
      const maker = makers[read(device, 'vendor')];
      return isDisplay && maker !== undefined ? [maker] : [];
    });
  } catch {
    return null;
  }
}
