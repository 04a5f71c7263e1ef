export type { GroupMember, Role } from './group.ts';
export { permutation, promptsOfIteration } from './prompt-order.ts';
export {
  normal,
  type RandomKey,
  type RandomPurpose,
  type RolloutStream,
  randomBelow,
  rolloutKey,
  type StreamName,
  streamKey,
  uniform,
} from './random.ts';
