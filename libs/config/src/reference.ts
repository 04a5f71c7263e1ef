import type { z } from 'zod';
import { pretrainConfigSchema } from './pretrain-schema.ts';
import { runConfigSchema } from './run-schema.ts';
import { type Field, fieldsOf } from './schema-fields.ts';
import { variableName } from './sources.ts';

const preamble = `# Configuration

<!-- Generated from libs/config/src by its test: npm test -- libs/config -u -->

A run is configured by a recipe (YAML), then by environment variables, then by the command line; the
later wins. Unknown keys are errors. The resolved configuration is stored with the run as \`config.json\`.

- **Recipe**: \`mgrpo train recipes/arithmetic.yaml\`. Relative paths in it start at its own folder.
- **Environment**: the key in capitals, words joined by \`_\`, levels by \`__\`, after \`MGRPO__\`:
  \`${variableName('sampling.maxResponseTokens')}=9\` sets \`sampling.maxResponseTokens\`. Values are read as YAML.
  \`REDIS_URL\` sets \`deployment.redis.url\`.
- **Command line**: \`--set sampling.maxResponseTokens=9\`, as often as needed. Relative paths given here or in
  the environment start at the working directory.

A key without a default must be given. Durations are in milliseconds, lengths in tokens.
`;

const pretraining = `# Pretraining recipes

\`mgrpo pretrain\` makes a base model from a recipe of its own, whose keys the environment does not set.
`;

/** The reference page of all recipes, `docs/configuration.md`. */
export function configurationReference(): string {
  return [
    preamble,
    ...sectionTexts(runConfigSchema, 'the run itself'),
    pretraining,
    ...sectionTexts(pretrainConfigSchema, 'the pretraining itself'),
  ].join('\n');
}

/** A text for each section of a schema that has keys of its own; `top` describes the top level. */
function sectionTexts(schema: z.ZodType, top: string): string[] {
  const fields = fieldsOf(schema);
  const sections = [
    { path: '', description: top },
    ...fields.filter((field) => fields.some((other) => parentOf(other) === field.path)),
  ];
  return sections.flatMap((section) => {
    const keys = fields.filter(
      (field) => field.kind === 'value' && parentOf(field) === section.path,
    );
    return keys.length === 0 ? [] : [sectionText(section, keys)];
  });
}

const parentOf = (field: Field) => field.path.split('.').slice(0, -1).join('.');

function sectionText(
  { path, description }: { path: string; description: string },
  keys: readonly Field[],
): string {
  const rows = keys.map((field) => {
    const fallback = 'default' in field ? `\`${JSON.stringify(field.default)}\`` : 'none';
    const cells = [`\`${field.path.split('.').at(-1)}\``, fallback, field.type, field.description];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  const title = path === '' ? 'Top level' : `\`${path}\``;
  const head = `${description[0]!.toUpperCase()}${description.slice(1)}.`;
  return [
    `## ${title}\n\n${head}\n`,
    '| key | default | what it may be | meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
