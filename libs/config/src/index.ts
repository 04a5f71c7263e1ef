export { configOfRole } from './config-of-role.ts';
export { deploymentSchema } from './deployment-schema.ts';
export {
  type ContentHashes,
  runIdentity,
  withoutSecrets,
} from './identity.ts';
export { requireOwnEngine } from './own-engine.ts';
export { loadPretrainConfig } from './pretrain-config.ts';
export { type PretrainConfig, pretrainConfigSchema } from './pretrain-schema.ts';
export { configurationReference } from './reference.ts';
export { type Complaint, parseConfig, resolveConfig } from './resolve.ts';
export { loadRunConfig, parseRunConfig } from './run-config.ts';
export { type RunConfig, runConfigSchema } from './run-schema.ts';
export type { ConfigSources, Override } from './sources.ts';
