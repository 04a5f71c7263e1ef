/** A JSON object whose fields are not interpreted, or not yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** True for what JSON writes in braces: no list, no null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True for the non-negative integers that a JSON number holds exactly. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
