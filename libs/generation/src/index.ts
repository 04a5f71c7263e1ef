export { GenerationEngine, type GenerationOptions } from './engine.ts';
export type { GenerationStats } from './generator.ts';
export type { GenerationRequest, Rollout, Sampling } from './request.ts';
export { stopTokenIds } from './stop-tokens.ts';
