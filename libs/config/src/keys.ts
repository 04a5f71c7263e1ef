import { z } from 'zod';

/** A whole number from `min`, to `max` where one is given. */
export function integer(min: number, max?: number): z.ZodInt {
  const atLeast = z.int().min(min);
  return max === undefined ? atLeast : atLeast.max(max);
}

/** A share, from 0 to 1. */
export const share = z.number().min(0).max(1);

/** A file or folder: relative to the recipe when it stands in one, else to the working directory. */
export const path = z.string().min(1).meta({ isPath: true });

/** A port to listen on; 0 takes any free one. */
export const port = integer(0, 65_535);

/** A duration in milliseconds. */
export const milliseconds = integer(1);
