import type { Value } from '@mgrpo/onnx';

/** An input of a graph that gets a gradient. */
export interface Trained {
  readonly input: Value;
  /** Where the walk backward ends for it: the input itself, or a value that has it inside. */
  readonly at: Value;
  /** The input's gradient from the one there. */
  readonly from: (dAt: Value) => Value;
}

/** What the walk itself comes to. */
export function itself(input: Value): Trained {
  return { input, at: input, from: (dAt) => dAt };
}

/** The gradients of what trains, in order. @param walk gives those of some values, as `backward` does */
export function gradientsOf(
  trained: readonly Trained[],
  walk: (values: readonly Value[]) => readonly Value[],
): Value[] {
  const ends = [...new Set(trained.map(({ at }) => at))];
  const walked = walk(ends);
  const dAt = new Map(ends.map((end, i) => [end, walked[i]!]));
  return trained.map(({ at, from }) => from(dAt.get(at)!));
}
