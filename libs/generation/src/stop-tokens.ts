import type { ModelConfig } from '@mgrpo/model';

/** What ends a response: the model's end tokens (Qwen3 has two) and the tokenizer's. */
export function stopTokenIds(
  { eosTokenIds }: Pick<ModelConfig, 'eosTokenIds'>,
  tokenizer: { readonly eosTokenId: number | null },
): number[] {
  const { eosTokenId } = tokenizer;
  return [...new Set([...eosTokenIds, ...(eosTokenId === null ? [] : [eosTokenId])])];
}
