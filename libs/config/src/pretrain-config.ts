import { type PretrainConfig, pretrainConfigSchema } from './pretrain-schema.ts';
import { type Complaint, resolveConfig } from './resolve.ts';
import type { Override } from './sources.ts';

/**
 * The configuration of a pretraining: a recipe, then `path=value` of the command line.
 *
 * The environment's `MGRPO__…` variables belong to training runs, whose keys are others.
 *
 * @throws INVALID_CONFIG, one line for each wrong key or combination, with its place and what to write
 */
export function loadPretrainConfig(sources: {
  readonly file: string;
  readonly overrides: readonly Override[];
}): PretrainConfig {
  return resolveConfig(pretrainConfigSchema, { ...sources, environment: {} }, checkPretrainConfig);
}

function checkPretrainConfig({ model, steps, optimizer }: PretrainConfig): Complaint[] {
  const complaints: Complaint[] = [];
  if (model.numHeads % model.numKvHeads !== 0) {
    complaints.push({
      path: 'model.numKvHeads',
      message: `model.numKvHeads ${model.numKvHeads} does not divide model.numHeads ${model.numHeads}; choose a divisor`,
    });
  }
  if (model.headDim % 2 !== 0) {
    complaints.push({
      path: 'model.headDim',
      message: `model.headDim ${model.headDim} is odd, but the rotary embedding turns pairs; choose an even one`,
    });
  }
  if (optimizer.warmupSteps > steps) {
    complaints.push({
      path: 'optimizer.warmupSteps',
      message: `optimizer.warmupSteps ${optimizer.warmupSteps} exceed the ${steps} steps; lower them`,
    });
  }
  return complaints;
}
