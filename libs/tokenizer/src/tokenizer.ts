import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { MgrpoError, messageOf } from '@mgrpo/errors';

const tokenizerFile = 'tokenizer.json';
const configFile = 'tokenizer_config.json';

/** Text to token ids and back, as `tokenizer.json` says. */
export class Tokenizer {
  /** One more than the highest token id; a model's vocabulary may be larger, by rows that no token uses. */
  readonly vocabSize: number;
  /** The token that ends a text, null when the tokenizer has none. */
  readonly eosTokenId: number | null;
  readonly #tokenizer: HuggingFaceTokenizer;

  constructor(tokenizer: HuggingFaceTokenizer, eosToken: string | null) {
    this.#tokenizer = tokenizer;
    this.vocabSize = 1 + [...tokenizer.get_vocab().values()].reduce((a, b) => Math.max(a, b), -1);
    this.eosTokenId = eosToken === null ? null : this.tokenId(eosToken);
  }

  /**
   * The token ids of a text, with the special tokens that the tokenizer's post-processor adds (Llama's `<s>`).
   *
   * @example encode('Once upon a time') // stories260K -> [1, 403, 407, 261, 378]
   */
  encode(text: string): Int32Array {
    return Int32Array.from(this.#tokenizer.encode(text).ids);
  }

  /**
   * The text of token ids, spaces as they are.
   *
   * Ids of no token, which a model with a padded vocabulary could sample, are left out.
   */
  decode(ids: ArrayLike<number>, { skipSpecial }: { skipSpecial: boolean }): string {
    const known = Array.from(ids).filter((id) => this.#tokenizer.id_to_token(id) !== undefined);
    if (known.length === 0) return '';
    return this.#tokenizer.decode(known, {
      skip_special_tokens: skipSpecial,
      clean_up_tokenization_spaces: false,
    });
  }

  /** The id of a token such as `<|im_end|>`; INVALID_MODEL when the tokenizer has no such token. */
  tokenId(token: string): number {
    const id = this.#tokenizer.token_to_id(token);
    if (id === undefined) {
      throw new MgrpoError('INVALID_MODEL', `the tokenizer has no token ${JSON.stringify(token)}`);
    }
    return id;
  }
}

/**
 * Loads `tokenizer.json` and `tokenizer_config.json` of a model folder.
 *
 * INVALID_MODEL when one is missing or malformed, with the remedy.
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const tokenizerJson = await readObject(folder, tokenizerFile);
  const configJson = await readObject(folder, configFile);
  try {
    const tokenizer = new HuggingFaceTokenizer(tokenizerJson, configJson);
    return new Tokenizer(tokenizer, tokenText(configJson.eos_token));
  } catch (error) {
    const what = `${join(folder, tokenizerFile)} can't be used: ${messageOf(error)}`;
    throw new MgrpoError('INVALID_MODEL', what, { cause: error });
  }
}

/** A token in `tokenizer_config.json`: its text, or an object with it. */
function tokenText(token: unknown): string | null {
  if (typeof token === 'string') return token;
  const isObject = typeof token === 'object' && token !== null && 'content' in token;
  return isObject && typeof token.content === 'string' ? token.content : null;
}

async function readObject(folder: string, name: string): Promise<Record<string, unknown>> {
  const path = join(folder, name);
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const remedy = `copy the tokenizer there: AutoTokenizer.from_pretrained(model).save_pretrained("${folder}") in Python writes both files`;
    const what = isMissing ? `${path} does not exist; ${remedy}` : `${path}: ${messageOf(error)}`;
    throw new MgrpoError('INVALID_MODEL', what, { cause: error });
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new MgrpoError('INVALID_MODEL', `${path} is no JSON object`);
  }
  return json as Record<string, unknown>;
}
