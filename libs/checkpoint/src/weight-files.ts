import type { FolderWriter } from './atomic.ts';
import { encodeSafetensors, type NamedTensor } from './safetensors.ts';
import { indexFile, singleFile } from './tensor-source.ts';

/** As transformers cuts its files, and below what some file systems and hosts take as one file. */
const defaultMaxShardBytes = 5e9;

/**
 * Writes weights as transformers does: `model.safetensors`, or past `maxShardBytes` of tensors numbered shards
 * with `model.safetensors.index.json`.
 *
 * Tensors stay in order and whole; one that is larger than a shard has one to itself.
 */
export async function writeWeightFiles(
  writer: FolderWriter,
  tensors: readonly NamedTensor[],
  maxShardBytes = defaultMaxShardBytes,
): Promise<void> {
  const shards = shardsOf(tensors, maxShardBytes);
  if (shards.length === 1) return await writer.write(singleFile, encodeSafetensors(tensors));
  const digits = (n: number): string => String(n).padStart(5, '0');
  const weightMap: Record<string, string> = {};
  for (const [i, shard] of shards.entries()) {
    const name = `model-${digits(i + 1)}-of-${digits(shards.length)}.safetensors`;
    await writer.write(name, encodeSafetensors(shard));
    for (const tensor of shard) weightMap[tensor.name] = name;
  }
  const metadata = { total_size: bytesOfAll(tensors) };
  await writer.writeJson(indexFile, { metadata, weight_map: weightMap });
}

function shardsOf(tensors: readonly NamedTensor[], maxShardBytes: number): NamedTensor[][] {
  const shards: NamedTensor[][] = [[]];
  for (const tensor of tensors) {
    const shard = shards.at(-1)!;
    const isFull = bytesOfAll(shard) + tensor.values.byteLength > maxShardBytes;
    if (isFull && shard.length > 0) shards.push([tensor]);
    else shard.push(tensor);
  }
  return shards;
}

function bytesOfAll(tensors: readonly NamedTensor[]): number {
  return tensors.reduce((sum, { values }) => sum + values.byteLength, 0);
}
