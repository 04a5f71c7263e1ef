/** A template with its `{…}` replaced; what a part contains is not looked at again. */
export function fill(template: string, parts: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (slot, name: string) => parts[name] ?? slot);
}
