import type { StepTotals } from '@mgrpo/algorithm';
import { gradientsGraph, type ModelConfig } from '@mgrpo/model';
import { freeArrays, openSession, type Session } from '@mgrpo/runtime';
import type { GradientPass, GradientResult, ReferencedSequence } from './gradient-pass.ts';
import { runMicrobatches } from './microbatch-runs.ts';
import { type Feeds, RotaryFeeds } from './model-feeds.ts';
import type { HostDevice } from './open-passes.ts';
import { addTo } from './packed-sequences.ts';
import { numTrained } from './trained-part.ts';
import type { GradientOptions } from './training-options.ts';

/**
 * A gradient pass in one graph: a microbatch's forward, loss and backward are one run, which keeps every
 * activation until its gradient is there. Sequences are padded to the longest of their microbatch.
 */
export class WholePass implements GradientPass {
  readonly #session: Session;
  readonly #options: GradientOptions;
  readonly #rotary: RotaryFeeds;
  readonly #sum: Float32Array;

  private constructor(session: Session, config: ModelConfig, options: GradientOptions) {
    this.#session = session;
    this.#options = options;
    this.#rotary = new RotaryFeeds(config);
    this.#sum = new Float32Array(numTrained(config, options.adapter));
  }

  static async open(
    config: ModelConfig,
    options: GradientOptions,
    device: HostDevice = 'cpu',
  ): Promise<WholePass> {
    const { adapter, loss, compute = 'float32' } = options;
    const graph = gradientsGraph(config, loss, { adapter, target: device, compute });
    const session = await openSession(graph, { name: 'gradients', device, variableShapes: true });
    return new WholePass(session, config, options);
  }

  async run(
    weights: Feeds,
    sequences: readonly ReferencedSequence[],
    totals: StepTotals,
    signal?: AbortSignal,
    lossScale = 1,
  ): Promise<GradientResult> {
    const parts = { options: this.#options, rotary: this.#rotary };
    const runs = { sequences, totals, ...parts, signal, lossScale };
    let isFirst = true;
    const result = await runMicrobatches(runs, async (feeds) => {
      const outputs = await this.#session.run({ ...weights, ...feeds });
      const gradient = outputs.gradient!.data as Float32Array;
      if (isFirst) this.#sum.set(gradient);
      else addTo(this.#sum, gradient);
      isFirst = false;
      freeArrays([gradient]);
      return outputs;
    });
    return { ...result, gradient: this.#sum };
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}
