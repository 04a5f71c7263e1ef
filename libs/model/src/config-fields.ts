import { MgrpoError } from '@mgrpo/errors';

// Beyond every model there is; a larger number is a damaged file, and would have us loop or allocate for hours.
const maxCount = 2 ** 31 - 1;

/** INVALID_MODEL about a field of `config.json`. */
export function invalidConfig(what: string): MgrpoError {
  return new MgrpoError('INVALID_MODEL', `config.json: ${what}`);
}

/**
 * Typed reading of `config.json` or of an object in it; a JSON null counts as absent, as in transformers.
 *
 * Every method throws INVALID_MODEL naming the field.
 */
export class ConfigFields {
  readonly #json: Readonly<Record<string, unknown>>;
  /** Where the object stands, such as `rope_scaling.`. */
  readonly #prefix: string;

  constructor(json: unknown, prefix = '') {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw invalidConfig(
        prefix === '' ? 'not a JSON object' : `${prefix.slice(0, -1)} is no object`,
      );
    }
    this.#json = json as Record<string, unknown>;
    this.#prefix = prefix;
  }

  /** The value as it stands there; undefined where it is absent or null. */
  value(name: string): unknown {
    return (Object.hasOwn(this.#json, name) ? this.#json[name] : undefined) ?? undefined;
  }

  /** The fields of an object in this one, or null where there is none. */
  object(name: string): ConfigFields | null {
    const value = this.value(name);
    return value === undefined ? null : new ConfigFields(value, `${this.#prefix}${name}.`);
  }

  count(name: string, fallback?: number): number {
    const value = this.value(name) ?? fallback;
    if (Number.isSafeInteger(value) && (value as number) > 0 && (value as number) <= maxCount) {
      return value as number;
    }
    throw this.#wrong(name, value, 'a positive whole number');
  }

  positive(name: string, fallback?: number): number {
    const value = this.value(name) ?? fallback;
    if (typeof value === 'number' && value > 0 && Number.isFinite(value)) return value;
    throw this.#wrong(name, value, 'a positive number');
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.value(name) ?? fallback;
    if (typeof value === 'boolean') return value;
    throw this.#wrong(name, value, 'true or false');
  }

  /** One token id or a list of them; empty where there is none. */
  tokenIds(name: string): number[] {
    const value = this.value(name) ?? [];
    const ids: unknown[] = Array.isArray(value) ? value : [value];
    if (ids.every((id) => Number.isSafeInteger(id) && (id as number) >= 0)) return ids as number[];
    throw this.#wrong(name, value, 'a token id');
  }

  #wrong(name: string, value: unknown, wanted: string): MgrpoError {
    return invalidConfig(`${this.#prefix}${name} is ${JSON.stringify(value)}, not ${wanted}`);
  }
}
