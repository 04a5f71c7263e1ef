import {
  defaultEvaluationTemperature,
  defaultMaxPromptTokens,
  defaultSamplingOptions,
} from '@mgrpo/algorithm';
import { type ExtractorName, extractors } from '@mgrpo/answers';
import { z } from 'zod';
import { algorithmSchema } from './algorithm-schema.ts';
import { collapseSchema } from './collapse-schema.ts';
import { deploymentSchema } from './deployment-schema.ts';
import { rolloutSchema } from './engine-schema.ts';
import { integer, path } from './keys.ts';

const column = (name: string, what: string) => z.string().min(1).default(name).describe(what);

const columns = z
  .strictObject({
    id: column('id', 'name of a question; without it, the number of the row'),
    prompt: column('prompt', 'the question: text, or a chat of system and user messages'),
    answer: column('answer', 'the gold answer: text or a number'),
    rephrasings: column('rephrasings', 'list of other wordings, for method co-reward'),
  })
  .prefault({})
  .describe('what the data calls its columns; a dotted path goes into structures');

const prompts = z
  .strictObject({
    train: path.describe(
      'prompts to train on, see docs/data.md: JSON lines, Parquet or a folder of the Hugging Face Hub, FOLDER#SPLIT; `rephrasings` are read under method co-reward, `answer` under grpo alone',
    ),
    validation: path
      .nullable()
      .default(null)
      .describe('prompts to evaluate on, with `answer`, in the same forms; null: no evaluation'),
    columns,
    template: z
      .string()
      .refine((text) => text.split('{prompt}').length === 2)
      .default('{prompt}')
      .describe(
        'text that the model sees, in a chat the message of its user; holds {prompt} once, which the prompt replaces',
      ),
    format: z
      .enum(['plain', 'chat'])
      .default('plain')
      .describe(
        "`plain`: the template is all that the model sees; `chat`: the model's chat template (chat_template.jinja, or in tokenizer_config.json) writes the messages, docs/models.md",
      ),
    systemPrompt: z
      .string()
      .nullable()
      .default(null)
      .describe('system message of a chat whose question brings none; null: none'),
    templateVariables: z
      .record(
        z.string().regex(/^[a-zA-Z]\w{0,63}$/),
        z.union([z.boolean(), z.number(), z.string(), z.null()]),
      )
      .default({})
      .describe('variables for the chat template, such as {enable_thinking: false} of Qwen3'),
    maxPromptTokens: integer(1)
      .default(defaultMaxPromptTokens)
      .describe('longest prompt after the template (tokens)'),
    tooLong: z
      .enum(['reject', 'truncate'])
      .default('reject')
      .describe('a longer prompt is left out, or loses its last tokens; both are counted'),
  })
  .describe('what is asked');

const extractorNames = Object.keys(extractors) as [ExtractorName, ...ExtractorName[]];

const answer = z
  .strictObject({
    extractor: z
      .enum(extractorNames)
      .default('boxed')
      .describe('where the answer of a response stands'),
  })
  .prefault({})
  .describe('how an answer is read');

const sampling = z
  .strictObject({
    temperature: z
      .number()
      .positive()
      .max(10)
      .default(defaultSamplingOptions.temperature)
      .describe('logits are divided by it before sampling and before every logprob and entropy'),
    topP: z
      .number()
      .positive()
      .max(1)
      .default(defaultSamplingOptions.topP)
      .describe('nucleus cut; 1: none'),
    topK: integer(0)
      .default(defaultSamplingOptions.topK)
      .describe('most likely tokens that may be sampled; 0: all'),
    maxResponseTokens: integer(1)
      .default(defaultSamplingOptions.maxResponseTokens)
      .describe('longest response, its stop token included (tokens)'),
  })
  .prefault({})
  .describe('how training responses are sampled');

const evaluation = z
  .strictObject({
    everyIterations: integer(1)
      .default(10)
      .describe('iterations from one evaluation to the next; the last one is always evaluated'),
    maxPrompts: integer(1)
      .nullable()
      .default(null)
      .describe('prompts of an evaluation, the first of the file; null: all'),
    samples: integer(1)
      .default(1)
      .describe('responses for each prompt, whose accuracy is averaged'),
    temperature: z
      .number()
      .min(0)
      .max(10)
      .default(defaultEvaluationTemperature)
      .describe('sampling temperature; 0: greedy'),
  })
  .prefault({})
  .describe('accuracy on the validation prompts');

const checkpoint = z
  .strictObject({
    everyIterations: integer(1).default(50).describe('iterations from one checkpoint to the next'),
    keep: integer(1).default(2).describe('newest checkpoints that are kept'),
  })
  .prefault({})
  .describe('what a run saves; the last iteration is always saved');

const learner = z
  .strictObject({
    microbatchTokens: integer(1)
      .default(8192)
      .describe(
        'prompt and response tokens of one gradient pass: more need memory, and are no faster where their activations leave the cache (1M parameters: 1,000 tokens were 1.2 × as fast as 6,000)',
      ),
    device: z
      .enum(['cpu', 'webgpu', 'cuda', 'auto'])
      .default('cpu')
      .describe(
        'what computes logprobs and gradients, as `rollout.device`; webgpu also keeps and updates weights, moments and the EMA, for cpu and cuda the processor does',
      ),
    compute: z
      .enum(['float32', 'float16'])
      .default('float32')
      .describe(
        'what the products of logprobs and gradients are computed in; float16 needs a GPU and a loss scale, which it adjusts; weights, moments, norms, softmax, the output head’s logits and losses are float32 in either case',
      ),
    recompute: z
      .enum(['auto', 'none', 'layers'])
      .default('auto')
      .describe(
        'what is made again for the backward pass: none; or layers, of which only the inputs are kept, for far less memory and about a third more work; auto: layers where one graph on the CPU would hold over 2 GiB by its shapes',
      ),
  })
  .prefault({})
  .describe('the learner');

/** The whole configuration of a training run. Every key but those of `collapse` and `deployment` may change the weights. */
export const runConfigSchema = z.strictObject({
  seed: integer(0, 2 ** 32 - 1)
    .default(1)
    .describe('every random number of the run is a function of it'),
  iterations: integer(1).default(500).describe('iterations of the run, which schedules span'),
  lag: integer(0, 8)
    .default(0)
    .describe(
      'iterations by which generation may run ahead of learning; 0: on-policy, as the paper',
    ),
  model: z
    .strictObject({
      path: path.describe(
        'folder of the base model, or s3://bucket/prefix: config.json, tokenizer.json, *.safetensors',
      ),
    })
    .describe('the model that is trained'),
  prompts,
  answer,
  algorithm: algorithmSchema,
  sampling,
  evaluation,
  checkpoint,
  rollout: rolloutSchema,
  learner,
  collapse: collapseSchema,
  deployment: deploymentSchema,
});

export type RunConfig = z.output<typeof runConfigSchema>;
