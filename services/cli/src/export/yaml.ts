/**
 * A value as YAML in flow form, which is JSON but for numbers: PyYAML reads `1e-8` as text, `1.0e-8` as a number.
 *
 * @example flowYaml({ rate: 1e-8, name: 'a' }) // -> {"rate": 1.0e-8, "name": "a"}
 */
function flowYaml(value: unknown): string {
  if (typeof value === 'number') return String(value).replace(/^(-?\d+)e/, '$1.0e');
  if (Array.isArray(value)) return `[${value.map(flowYaml).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(
    ([key, part]) => `${JSON.stringify(key)}: ${flowYaml(part)}`,
  );
  return `{${entries.join(', ')}}`;
}

/** An object as a YAML file, a line a key. */
export function yamlFile(object: Readonly<Record<string, unknown>>): string {
  return Object.entries(object)
    .map(([key, value]) => `${key}: ${flowYaml(value)}\n`)
    .join('');
}
