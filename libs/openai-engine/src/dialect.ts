/** The servers whose extensions of the completions API are known. */
export const dialects = ['vllm', 'sglang'] as const;

export type Dialect = (typeof dialects)[number];

/** One request that replaces the weights of a server. */
export interface ReloadCall {
  readonly path: string;
  readonly body: unknown;
}

/**
 * What makes a server read the model folder `path`, in order.
 *
 * SGLang has an endpoint for it (`update_weights_from_disk`, which empties the prefix cache by default, and whose
 * `weight_version` comes back in every completion's `metadata`). vLLM has it among the methods of
 * `collective_rpc`, which it serves with VLLM_SERVER_DEV_MODE=1 alone; its prefix cache keeps the keys and values
 * of the old weights until `reset_prefix_cache`.
 */
export function reloadCalls(dialect: Dialect, path: string, stamp: string): ReloadCall[] {
  if (dialect === 'sglang') {
    const body = { model_path: path, flush_cache: true, weight_version: stamp };
    return [{ path: '/update_weights_from_disk', body }];
  }
  const kwargs = { weights_path: path, is_checkpoint_format: true };
  return [
    { path: '/collective_rpc', body: { method: 'reload_weights', kwargs } },
    { path: '/reset_prefix_cache', body: {} },
  ];
}

/**
 * What only one of them takes.
 *
 * vLLM names tokens `token_id:5` with `return_tokens_as_token_ids`, so that two tokens of one text stay two.
 * SGLang drops the stop token from its text, though not from its ids, without `no_stop_trim`.
 */
export const extraFields: Readonly<Record<Dialect, object>> = {
  vllm: { return_tokens_as_token_ids: true },
  sglang: { no_stop_trim: true },
};
