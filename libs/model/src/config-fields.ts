import { MgrpoError, shown } from '@mgrpo/errors';

// Beyond every model there is; a larger number is a damaged file, and would have us loop or allocate for hours.
const maxCount = 2 ** 31 - 1;

/** INVALID_MODEL about a field of `config.json`. */
export function invalidConfig(what: string, file = 'config.json'): MgrpoError {
  return new MgrpoError('INVALID_MODEL', `${file}: ${what}`);
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
  readonly #file: string | undefined;

  constructor(json: unknown, { prefix = '', file }: { prefix?: string; file?: string } = {}) {
    this.#prefix = prefix;
    this.#file = file;
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      const what = prefix === '' ? 'not a JSON object' : `${prefix.slice(0, -1)} is no object`;
      throw invalidConfig(what, file);
    }
    this.#json = json as Record<string, unknown>;
  }

  /** The value as it stands there; undefined where it is absent or null. */
  value(name: string): unknown {
    return (Object.hasOwn(this.#json, name) ? this.#json[name] : undefined) ?? undefined;
  }

  /** The fields of an object in this one, or null where there is none. */
  object(name: string): ConfigFields | null {
    const value = this.value(name);
    const prefix = `${this.#prefix}${name}.`;
    return value === undefined ? null : new ConfigFields(value, { prefix });
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
    const what = `${this.#prefix}${name} is ${shown(value)}, not ${wanted}`;
    return invalidConfig(what, this.#file);
  }
}
