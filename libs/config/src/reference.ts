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

/** The reference page of the run configuration, \`docs/configuration.md\`. */
export function configurationReference(): string {
  const fields = fieldsOf(runConfigSchema);
  const sections = [
    { path: '', description: 'the run itself' },
    ...fields.filter((field) => field.kind === 'section'),
  ];
  const parts = sections.flatMap((section) => {
    const keys = fields.filter(
      (field) => field.kind === 'value' && parentOf(field) === section.path,
    );
    return keys.length === 0 ? [] : [sectionText(section, keys)];
  });
  return [preamble, ...parts].join('\n');
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
