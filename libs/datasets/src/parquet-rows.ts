import { type FileHandle, open } from 'node:fs/promises';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { DataRow } from './rows.ts';

/**
 * The rows of a Parquet file, decoded one row group at a time.
 *
 * Snappy, gzip, zstd, brotli and LZ4 are read. INVALID_INPUT names the file, and the row group that is damaged.
 *
 * @param columns what is needed, dotted paths too; everything if null
 */
export async function* readParquetRows(
  path: string,
  columns: readonly string[] | null,
): AsyncGenerator<DataRow> {
  const handle = await open(path).catch((error: unknown) => {
    throw invalid(`can't read ${path}: ${messageOf(error)}`, error);
  });
  try {
    const file = await bufferOf(handle);
    const metadata = await readMetadata(path, file);
    const wanted = columns === null ? {} : { columns: columnsOf(metadata, columns) };
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows);
      const options = { file, metadata, compressors, rowStart, rowEnd, ...wanted };
      const rows = await parquetReadObjects(options).catch((error: unknown) => {
        const which = `rows ${rowStart + 1} to ${rowEnd} of ${path}`;
        throw invalid(`${which} are damaged (${messageOf(error)}); copy the file again`, error);
      });
      for (const values of rows) {
        rowStart += 1;
        yield { where: `${path}, row ${rowStart}`, number: rowStart, values };
      }
    }
  } finally {
    await handle.close();
  }
}

async function bufferOf(handle: FileHandle): Promise<AsyncBuffer> {
  const { size } = await handle.stat();
  return {
    byteLength: size,
    slice: async (start, end = size) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start));
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
      if (bytesRead < bytes.length) throw new Error('the file ends too early');
      return bytes.buffer;
    },
  };
}

async function readMetadata(path: string, file: AsyncBuffer): Promise<FileMetaData> {
  const start = new TextDecoder().decode(await file.slice(0, Math.min(24, file.byteLength)));
  if (start.startsWith('version https://git-lfs')) {
    throw invalid(`${path} is a pointer of Git LFS, not the file; run: git lfs pull`);
  }
  try {
    return await parquetMetadataAsync(file);
  } catch (error) {
    throw invalid(`${path} is no whole Parquet file (${messageOf(error)}); copy it again`, error);
  }
}

/** The file's own columns that hold the wanted ones: `reward_model` for `reward_model.ground_truth`. */
function columnsOf(metadata: FileMetaData, wanted: readonly string[]): string[] {
  const names = parquetSchema(metadata).children.map(({ element }) => element.name);
  const found = names.filter((name) => {
    return wanted.some((path) => path === name || path.startsWith(`${name}.`));
  });
  // A row that lacks what was asked for is refused with the names that the file has.
  return found.length > 0 ? found : names;
}

function invalid(message: string, cause?: unknown): MgrpoError {
  return new MgrpoError('INVALID_INPUT', message, { cause });
}
