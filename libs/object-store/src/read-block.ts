import { open } from 'node:fs/promises';

/** The bytes of a file from `start` on; fewer where it ends before. */
export async function readBlock(path: string, start: number, bytes: number): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const block = Buffer.alloc(bytes);
    let filled = 0;
    while (filled < bytes) {
      const { bytesRead } = await handle.read(block, filled, bytes - filled, start + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return block.subarray(0, filled);
  } finally {
    await handle.close();
  }
}
