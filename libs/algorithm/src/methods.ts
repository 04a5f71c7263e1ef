import type { Method } from './method.ts';
import { balancedVote } from './methods/balanced-vote.ts';
import { coReward } from './methods/co-reward.ts';
import { coRewarding2 } from './methods/co-rewarding-2.ts';
import { grpo } from './methods/grpo.ts';
import { intuitor } from './methods/intuitor.ts';
import { mgrpo } from './methods/mgrpo.ts';
import { srt } from './methods/srt.ts';
import { ttrl } from './methods/ttrl.ts';

/** Every method by its name in a configuration. */
export const methods = {
  mgrpo,
  srt,
  ttrl,
  intuitor,
  'co-rewarding-2': coRewarding2,
  'co-reward': coReward,
  grpo,
  'balanced-vote': balancedVote,
} as const satisfies Readonly<Record<string, Method>>;

export type MethodName = keyof typeof methods;
