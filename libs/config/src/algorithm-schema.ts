import {
  type AlgorithmOptions,
  adapterTargets,
  defaultAlgorithmOptions as defaults,
  type MethodName,
  methods,
} from '@mgrpo/algorithm';
import { z } from 'zod';
import { integer, share } from './keys.ts';

const methodNames = Object.keys(methods) as [MethodName, ...MethodName[]];

const filter = z
  .strictObject({
    kind: z
      .enum(['iqr', 'static', 'off'])
      .nullable()
      .default(defaults.filter.kind)
      .describe(
        "low-entropy filter: `iqr` is the paper's, `static` drops a fixed share; null: the method's own (mgrpo: iqr, the others: off)",
      ),
    k: z
      .number()
      .min(0)
      .default(defaults.filter.k)
      .describe('`iqr`: interquartile ranges from the first quartile down to the fence'),
    share: share
      .default(defaults.filter.share)
      .describe('`static`: share of rollouts with the lowest entropy that is dropped'),
    fence: z
      .enum(['pooled', 'per-role'])
      .default(defaults.filter.fence)
      .describe('one fence over all rollouts of a prompt, or one for each role'),
    scope: z
      .enum(['vote-and-train', 'vote-only'])
      .default(defaults.filter.scope)
      .describe('what a dropped rollout takes no part in'),
  })
  .prefault({})
  .describe('which rollouts are dropped for their low entropy');

const advantage = z
  .strictObject({
    estimator: z
      .enum(['group', 'rloo'])
      .default(defaults.advantage.estimator)
      .describe('normalised within the group (Eq. 2), or leave-one-out'),
    deviation: z
      .enum(['bessel', 'population'])
      .default(defaults.advantage.deviation)
      .describe('standard deviation divides by n - 1 or by n'),
    epsilon: z
      .number()
      .min(0)
      .default(defaults.advantage.epsilon)
      .describe('added to the standard deviation'),
    baseline: z
      .enum(['kept', 'all'])
      .default(defaults.advantage.baseline)
      .describe('policy rollouts whose rewards give mean and deviation'),
  })
  .prefault({})
  .describe('how rewards become advantages');

const importance = z
  .strictObject({
    cap: z.number().positive().default(2).describe('largest weight of a token'),
  })
  .nullable()
  .default(null)
  .describe(
    "truncated importance sampling: tokens count by the learner's probability over the sampler's, for engines and weights of samplers that compute something else, `{}` for a cap of 2; null: off",
  );

const loss = z
  .strictObject({
    aggregation: z
      .enum(['token-mean', 'seq-mean-token-mean', 'seq-mean-token-sum', 'eq3'])
      .default(defaults.loss.aggregation)
      .describe('how the losses of tokens become one number'),
    clipRatio: z
      .number()
      .positive()
      .default(defaults.loss.clipRatio)
      .describe('the importance ratio is clipped to 1 ± this'),
    klCoefficient: z
      .number()
      .min(0)
      .default(defaults.loss.klCoefficient)
      .describe('weight of the KL term; 0 leaves it and its model out'),
    klReference: z
      .enum(['initial', 'momentum', 'none'])
      .nullable()
      .default(defaults.loss.klReference)
      .describe(
        "model that the KL term holds to; null: the method's own (co-rewarding-2: momentum, the others: initial)",
      ),
    importance,
  })
  .prefault({})
  .describe('the policy loss');

const optimizer = z
  .strictObject({
    learningRate: z
      .number()
      .positive()
      .default(defaults.optimizer.learningRate)
      .describe('peak learning rate'),
    beta1: z
      .number()
      .min(0)
      .lt(1)
      .default(defaults.optimizer.beta1)
      .describe('decay of the first moment'),
    beta2: z
      .number()
      .min(0)
      .lt(1)
      .default(defaults.optimizer.beta2)
      .describe('decay of the second moment'),
    epsilon: z
      .number()
      .positive()
      .default(defaults.optimizer.epsilon)
      .describe('added to the root of the second moment'),
    weightDecay: z
      .number()
      .min(0)
      .default(defaults.optimizer.weightDecay)
      .describe('decoupled weight decay, of every parameter'),
    maxGradientNorm: z
      .number()
      .positive()
      .default(defaults.optimizer.maxGradientNorm)
      .describe('gradients of a larger global norm are scaled down to it'),
    schedule: z
      .enum(['cosine', 'constant'])
      .default(defaults.optimizer.schedule)
      .describe('learning rate after warm-up: to 0 at the last step, or constant'),
    warmupRatio: share
      .default(defaults.optimizer.warmupRatio)
      .describe('share of all steps in which the learning rate rises linearly'),
    warmup: z
      .enum(['linear', 'verl'])
      .default(defaults.optimizer.warmup)
      .describe('first update at 1 / warm-up steps of the peak, or at 0 as in VeRL'),
    minibatchPrompts: integer(1)
      .nullable()
      .default(defaults.optimizer.minibatchPrompts)
      .describe('prompts of one optimiser step; null: all of the iteration'),
  })
  .prefault({})
  .describe('AdamW');

const adapter = z
  .strictObject({
    rank: integer(1, 4096).default(16).describe("r: the rank of the update (PEFT's `r`)"),
    alpha: z
      .number()
      .positive()
      .default(32)
      .describe("the update is alpha / rank times B A (PEFT's `lora_alpha`)"),
    targets: z
      .array(z.enum(adapterTargets))
      .min(1)
      .default([...adapterTargets])
      .describe(
        "linear layers that get one, in every layer of the model (PEFT's `target_modules`)",
      ),
  })
  .nullable()
  .default(null)
  .describe(
    'a low-rank adapter (LoRA) that trains instead of the weights, `{}` for the defaults below; null: every weight trains',
  );

const momentum = z
  .strictObject({
    coefficient: share
      .default(defaults.momentum.coefficient)
      .describe('m of Eq. 1: how much of itself the momentum model keeps at an update'),
    schedule: z
      .enum(['constant', 'cosine'])
      .nullable()
      .default(defaults.momentum.schedule)
      .describe(
        "m stays, or rises towards finalCoefficient; null: the method's own (co-rewarding-2: cosine, the others: constant)",
      ),
    finalCoefficient: share
      .default(defaults.momentum.finalCoefficient)
      .describe('`cosine`: m at the end'),
    every: z
      .enum(['iteration', 'step'])
      .default(defaults.momentum.every)
      .describe('when the momentum model is updated'),
  })
  .prefault({})
  .describe('the momentum model (EMA of the policy)');

/** The options of @mgrpo/algorithm, with its defaults. */
export const algorithmSchema = z
  .strictObject({
    method: z
      .enum(methodNames)
      .default(defaults.method)
      .describe('who generates, who votes and what is rewarded'),
    promptsPerIteration: integer(1)
      .default(defaults.promptsPerIteration)
      .describe('B: prompts of one iteration; under co-reward half are rephrasings'),
    groupSize: integer(1)
      .default(defaults.groupSize)
      .describe('G: rollouts of one prompt, both roles together'),
    momentumRollouts: integer(0)
      .nullable()
      .default(defaults.momentumRollouts)
      .describe(
        "N: those of them by the momentum model; null: the method's own (mgrpo and balanced-vote: G/4, co-rewarding-2: G/2, the others: 0)",
      ),
    trainedRollouts: integer(1)
      .nullable()
      .default(defaults.trainedRollouts)
      .describe(
        "policy rollouts that train, the first of those that vote; null: the method's own (ttrl: half, the others: all)",
      ),
    trajectoryEntropy: z
      .enum(['mean', 'sum'])
      .default(defaults.trajectoryEntropy)
      .describe('how token entropies (nats) become the entropy of a rollout'),
    filter,
    advantage,
    adapter,
    loss,
    optimizer,
    momentum,
  })
  .prefault({})
  .describe(
    'the algorithm; docs/algorithm.md gives the reasons',
  ) satisfies z.ZodType<AlgorithmOptions>;
