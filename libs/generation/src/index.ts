export { GenerationEngine, type GenerationOptions } from './engine.ts';
export type { GenerationStats } from './generator.ts';
export { probeRounded } from './probe-rounded.ts';
export { checkRequest, type GenerationRequest, type Rollout, type Sampling } from './request.ts';
export type { RolloutEngine } from './rollout-engine.ts';
export { stopTokenIds } from './stop-tokens.ts';
