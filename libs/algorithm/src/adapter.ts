/** The linear layers of a transformer that an adapter may change, by the names that PEFT's `target_modules` has. */
export const adapterTargets = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj',
] as const;

export type AdapterTarget = (typeof adapterTargets)[number];

/**
 * A low-rank adapter (LoRA, Hu et al. 2021): each target's weight W stays as it is, and what trains is A [r, in]
 * and B [out, r] of `W + (alpha / r) B A`. The keys are r, lora_alpha and target_modules of PEFT's `LoraConfig`.
 */
export interface AdapterOptions {
  /** r, at least 1. */
  readonly rank: number;
  /** Above 0. */
  readonly alpha: number;
  /** In every layer of the model. Their order means nothing. */
  readonly targets: readonly AdapterTarget[];
}

/** The factor of B A. */
export function adapterScale({ rank, alpha }: AdapterOptions): number {
  return alpha / rank;
}
