import { MgrpoError } from '@mgrpo/errors';
import type { ModelConfig } from '@mgrpo/model';
import type { Device } from '@mgrpo/runtime';
import type { GradientPass } from './gradient-pass.ts';
import type { PassLimits, Recompute } from './recompute.ts';
import { Scorer, type TokenScorer } from './scorer.ts';
import { StagedPass } from './staged-pass.ts';
import { StagedScorer } from './staged-scorer.ts';
import type { GradientOptions } from './training-options.ts';
import { WholePass } from './whole-pass.ts';

/** A device whose graphs read weights from this process. */
export type HostDevice = Exclude<Device, 'webgpu'>;

/** The gradient pass that the options ask for. @throws MgrpoError INVALID_CONFIG for layers elsewhere than on the CPU */
export async function openGradientPass(
  config: ModelConfig,
  options: GradientOptions,
  device: HostDevice = 'cpu',
): Promise<GradientPass> {
  requireWhole(options.recompute, device);
  return options.recompute === 'none'
    ? await WholePass.open(config, options, device)
    : await StagedPass.open(config, options);
}

/** The scorer that goes with it: a reference's logprobs are made as the learner's are. */
export async function openScorer(
  config: ModelConfig,
  { recompute, compute }: Pick<PassLimits, 'recompute' | 'compute'>,
  device: HostDevice = 'cpu',
): Promise<TokenScorer> {
  requireWhole(recompute, device);
  return recompute === 'none'
    ? await Scorer.open(config, device, { compute })
    : await StagedScorer.open(config);
}

/** The graphs of single layers hand their tensors on through this process. @throws MgrpoError INVALID_CONFIG */
export function requireWhole(recompute: Recompute, device: Device): void {
  if (recompute === 'none' || device === 'cpu') return;
  const message = `recompute: layers runs on the CPU, not on ${device}; use recompute: none there`;
  throw new MgrpoError('INVALID_CONFIG', message);
}
