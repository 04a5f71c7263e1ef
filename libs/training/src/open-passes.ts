import type { ModelConfig } from '@mgrpo/model';
import type { GradientPass } from './gradient-pass.ts';
import type { Recompute } from './recompute.ts';
import { Scorer, type TokenScorer } from './scorer.ts';
import { StagedPass } from './staged-pass.ts';
import { StagedScorer } from './staged-scorer.ts';
import type { GradientOptions } from './training-options.ts';
import { WholePass } from './whole-pass.ts';

/** The gradient pass that the options ask for. */
export function openGradientPass(
  config: ModelConfig,
  options: GradientOptions,
): Promise<GradientPass> {
  const { open } = options.recompute === 'layers' ? StagedPass : WholePass;
  return open(config, options);
}

/** The scorer that goes with it: a reference's logprobs are made as the learner's are. */
export function openScorer(config: ModelConfig, recompute: Recompute): Promise<TokenScorer> {
  return recompute === 'layers' ? StagedScorer.open(config) : Scorer.open(config);
}
