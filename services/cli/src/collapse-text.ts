import type { CollapseReason, CollapseState } from '@mgrpo/algorithm';

const meanings: Readonly<Record<CollapseReason, string>> = {
  'same-answer': 'more and more prompts get the same answer',
  'roles-disagree': 'the policy leaves what the momentum model holds',
  'agreement-falls': 'the policy agrees with itself less than it did',
  'labels-conflict': 'gradients grow while rollouts still disagree',
  'entropy-rises': 'entropy rises again',
  'responses-shrink': 'responses get shorter again',
};

/** `suspected since iteration 57: entropy rises again`; null for a healthy run. Iterations count from 1. */
export function collapseText(state: CollapseState): string | null {
  if (state.kind === 'healthy') return null;
  const reasons = state.reasons.map((reason) => meanings[reason]).join('; ');
  return `suspected since iteration ${state.since + 1}: ${reasons}`;
}
