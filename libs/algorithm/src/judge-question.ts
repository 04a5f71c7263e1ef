import { MgrpoError } from '@mgrpo/errors';
import type { GroupMember } from './group.ts';
import { type GroupVerdict, type JudgeOptions, judgeGroup } from './judge-group.ts';
import { type Evidence, evidenceKind, type Method } from './method.ts';
import { methods } from './methods.ts';

/** What is sampled and known of one question of an iteration. */
export interface SampledQuestion {
  /** One group for each prompt it was asked with: one, or two wordings that label each other. */
  readonly groups: readonly (readonly GroupMember[])[];
  /** The canonical gold answer; null for every method but one that is labelled. */
  readonly gold: string | null;
}

/**
 * Judges every group of a question, each with the evidence that the method asks for.
 *
 * @returns one verdict for each group, in their order
 * @throws INVALID_INPUT when the question has more or less than the method needs
 */
export function judgeQuestion(
  { groups, gold }: SampledQuestion,
  options: JudgeOptions,
  { method = methods[options.method] }: { readonly method?: Method } = {},
): GroupVerdict[] {
  const kind = evidenceKind(method);
  const numGroups = kind === 'other-wording' ? 2 : 1;
  if (groups.length !== numGroups || (gold !== null) !== (kind === 'gold')) {
    throw new MgrpoError(
      'INVALID_INPUT',
      `a question of ${groups.length} prompts ${gold === null ? 'without' : 'with'} gold answer was ` +
        `sampled; method ${options.method} judges ${numGroups}, ${kind === 'gold' ? 'with' : 'without'}`,
    );
  }
  return groups.map((members, position) => {
    const evidence = evidenceOf(kind, groups[1 - position], gold);
    return judgeGroup(members, options, { evidence, method });
  });
}

function evidenceOf(
  kind: Evidence['kind'],
  others: readonly GroupMember[] | undefined,
  gold: string | null,
): Evidence {
  if (kind === 'other-wording') return { kind, members: others! };
  return kind === 'gold' ? { kind, answer: gold! } : { kind };
}
