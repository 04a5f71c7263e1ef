import { type CollapseOptions, defaultCollapseOptions as defaults } from '@mgrpo/algorithm';
import { z } from 'zod';
import { integer, share } from './keys.ts';

/** A change of window means from which a sign counts. */
const rise = z.number().positive().nullable();

/** When a run is suspected of collapse, and what follows. Nothing here changes the weights of an iteration. */
export const collapseSchema = z
  .strictObject({
    onCollapse: z
      .enum(['warn', 'pause', 'rollback'])
      .default('warn')
      .describe(
        'what a suspicion does: `warn` tells; `pause` stops the run at a checkpoint; `rollback` stops it and names the newest checkpoint from before the suspicion as its result',
      ),
    window: integer(2)
      .default(defaults.window)
      .describe('iterations that signals are averaged over'),
    patience: integer(1)
      .default(defaults.patience)
      .describe('iterations in a row that must show a sign'),
    collisionRise: share
      .positive()
      .nullable()
      .default(defaults.collisionRise)
      .describe(
        'pairs of prompts with the same answer: rise of their share above the first window; null: not watched',
      ),
    disagreementRise: share
      .positive()
      .nullable()
      .default(defaults.disagreementRise)
      .describe(
        'prompts where policy and momentum model differ: rise of their share above its lowest; null: not watched',
      ),
    agreementFall: share
      .positive()
      .nullable()
      .default(defaults.agreementFall)
      .describe("the policy's agreement with itself: fall below its highest; null: not watched"),
    conflictRise: rise
      .default(defaults.conflictRise)
      .describe(
        'disagreement within groups times gradient norm (in units of its first window): rise above its lowest; null: not watched',
      ),
    entropyRise: rise
      .default(defaults.entropyRise)
      .describe(
        'policy entropy (in units of its first window): rise above its lowest; null: not watched',
      ),
    lengthFall: share
      .positive()
      .nullable()
      .default(defaults.lengthFall)
      .describe('response length: fall below its highest, as a share of it; null: not watched'),
  })
  .prefault({})
  .describe(
    'the watch for collapse, without labels; docs/collapse.md gives the reasons',
  ) satisfies z.ZodType<CollapseOptions>;
