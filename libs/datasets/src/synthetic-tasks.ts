import { chainArithmetic } from './chain-arithmetic.ts';
import { productSum } from './product-sum.ts';
import type { SyntheticTask } from './synthetic-task.ts';

/** Every synthetic task by its name in a pretraining recipe. */
export const syntheticTasks = {
  'chain-arithmetic': chainArithmetic,
  'product-sum': productSum,
} as const satisfies Readonly<Record<string, SyntheticTask>>;

export type SyntheticTaskName = keyof typeof syntheticTasks;
