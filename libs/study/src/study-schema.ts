import { z } from 'zod';

const name = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/)
  .describe('letters, digits, dots, dashes; names a folder');
const seeds = z.array(
  z
    .int()
    .min(0)
    .max(2 ** 32 - 1),
);
const settings = z.record(z.string(), z.json());

const base = z.strictObject({
  name,
  title: z.string().min(1).describe('for people'),
  recipe: z.string().min(1).describe('recipe of the task, relative to the study'),
  model: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe("model folder, relative to the study; null: the recipe's"),
  problems: z
    .string()
    .min(1)
    .describe('prompts with answers to measure on, relative to the study; never trained on'),
  set: settings.default({}).describe('keys of the configuration for this base'),
});

const arm = z.strictObject({
  name,
  title: z.string().min(1).describe('for people'),
  set: settings.describe('keys of the configuration that make the arm, by dotted path'),
  factors: z
    .record(z.string(), z.union([z.string(), z.number()]))
    .default({})
    .describe("position on the axes of the study's view"),
  isOurs: z.boolean().default(false).describe('whether the method is in no paper'),
});

const view = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('table') }),
  z.strictObject({ kind: z.literal('lines'), x: z.string(), series: z.string() }),
  z.strictObject({ kind: z.literal('heat-map'), x: z.string(), y: z.string() }),
]);

const measure = z.strictObject({
  maxProblems: z.int().min(1).nullable().default(null).describe('first of the file; null: all'),
  everyIterations: z.int().min(1).default(25).describe('from one evaluation to the next'),
  temperature: z.number().positive().max(10).default(0.8).describe('of the sampled evaluation'),
  samples: z.int().min(1).default(8).describe('of a problem in the sampled evaluation'),
});

/** A study as its file describes it: arms × bases × seeds. */
export const studySchema = z.strictObject({
  name: name.describe('names the folder of results'),
  title: z.string().min(1).describe('heading of the report'),
  note: z.string().default('').describe('what the study asks, for its report'),
  set: settings.default({}).describe('keys of the configuration that all trials share'),
  bases: z.array(base).min(1).describe('base models with their tasks'),
  arms: z.array(arm).min(1).describe('settings that are compared'),
  seeds: z
    .strictObject({
      choose: seeds.default([]).describe('on which settings were chosen'),
      confirm: seeds.default([]).describe('on which nothing was chosen'),
    })
    .describe('every arm runs with each, on the same prompts in the same order'),
  baseline: z.string().nullable().default(null).describe('arm that differences are taken from'),
  view: view.default({ kind: 'table' }).describe('how the numbers are laid out'),
  measure: measure.prefault({}).describe('how policies are measured; gold answers are read here'),
  quick: z
    .strictObject({
      bases: z.array(z.string()).min(1).optional(),
      arms: z.array(z.string()).min(1).optional(),
      seeds: seeds.min(1).optional(),
    })
    .nullable()
    .default(null)
    .describe('the part that --quick runs'),
});

export type StudyFile = z.output<typeof studySchema>;
