const names: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot' };

/** Text as text or attribute value of HTML or SVG. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&${names[character]};`);
}
