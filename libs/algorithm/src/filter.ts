import type { GroupMember, Role } from './group.ts';
import { quantile } from './quantile.ts';

/** `iqr`: the paper's filter; `static`: the fixed share it is compared with; `off`: keep every rollout. */
export type FilterKind = 'iqr' | 'static' | 'off';

/** The low-entropy filter (section 2.2 of the paper; Algorithm 1, lines 10-12). */
export interface FilterOptions {
  /** Which filter; null takes the method's own (`iqr` for mgrpo, `off` for the others). */
  readonly kind: FilterKind | null;
  /** `iqr`: how many interquartile ranges below the first quartile the fence lies. Paper: 0.75. */
  readonly k: number;
  /** `static`: the share of rollouts with the lowest entropy that is dropped. Paper's contrast: 0.1. */
  readonly share: number;
  /**
   * `pooled`: one fence over all G rollouts (the paper). `per-role`: one fence for each role, since a
   * pooled fence drops more of the role whose entropy is lower.
   */
  readonly fence: 'pooled' | 'per-role';
  /**
   * `vote-and-train`: a rollout below the fence neither votes nor trains (Algorithm 1).
   * `vote-only`: it does not vote, but policy rollouts still train.
   */
  readonly scope: 'vote-and-train' | 'vote-only';
}

/** The entropy in nats below which a rollout is an outlier, and what it was computed from. */
export type Fence =
  | { readonly kind: 'iqr'; readonly q1: number; readonly q3: number; readonly lower: number }
  | { readonly kind: 'static'; readonly lower: number };

/** The fence or fences of a group; a role without rollouts has none. */
export type GroupFence =
  | { readonly kind: 'off' }
  | { readonly kind: 'pooled'; readonly fence: Fence }
  | { readonly kind: 'per-role'; readonly fences: Readonly<Record<Role, Fence | null>> };

/**
 * The interquartile fence `lower = Q1 - k (Q3 - Q1)` (Algorithm 1, line 11), quartiles of type 7.
 *
 * @param entropies trajectory entropies in nats, in any order; at least one
 * @example iqrFence([1, 1, 2, 2], 0.75) // -> { q1: 1, q3: 2, lower: 0.25 }
 */
export function iqrFence(entropies: readonly number[], k: number): Fence & { kind: 'iqr' } {
  const ascending = Float64Array.from(entropies).sort();
  const q1 = quantile(ascending, 0.25);
  const q3 = quantile(ascending, 0.75);
  return { kind: 'iqr', q1, q3, lower: q1 - k * (q3 - q1) };
}

/**
 * The fence that drops at most `share` of the rollouts: those below the one at rank floor(share × n).
 *
 * Rollouts equal to the fence are kept, so ties at the edge are never split.
 */
export function staticFence(entropies: readonly number[], share: number): Fence {
  const ascending = Float64Array.from(entropies).sort();
  const rank = Math.min(Math.floor(share * ascending.length), ascending.length - 1);
  return { kind: 'static', lower: ascending[rank]! };
}

/** The fence of a group by the filter's options, with the method's own `kind` filled in. */
export function groupFence(
  members: readonly GroupMember[],
  options: FilterOptions & { readonly kind: FilterKind },
): GroupFence {
  if (options.kind === 'off') return { kind: 'off' };
  const fenceOf = (part: readonly GroupMember[]): Fence => {
    const entropies = part.map((member) => member.entropy);
    return options.kind === 'iqr'
      ? iqrFence(entropies, options.k)
      : staticFence(entropies, options.share);
  };
  if (options.fence === 'pooled') return { kind: 'pooled', fence: fenceOf(members) };
  const fenceOfRole = (role: Role): Fence | null => {
    const part = members.filter((member) => member.role === role);
    return part.length === 0 ? null : fenceOf(part);
  };
  return {
    kind: 'per-role',
    fences: { policy: fenceOfRole('policy'), momentum: fenceOfRole('momentum') },
  };
}

/** Whether a rollout is a low-entropy outlier; one exactly on the fence is kept (Algorithm 1, line 12). */
export function isBelowFence(member: GroupMember, fence: GroupFence): boolean {
  if (fence.kind === 'off') return false;
  const applied = fence.kind === 'pooled' ? fence.fence : fence.fences[member.role];
  return applied !== null && member.entropy < applied.lower;
}
