import { join } from 'node:path';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { ByteLevelDecoder, type TokenTexts } from './byte-level-decoder.ts';
import { addedTokens, GuardedText } from './guarded-text.ts';
import { configFile, readObject, tokenizerFile, tokenText } from './tokenizer-files.ts';

interface TokenizerParts {
  eosToken: string | null;
  guarded: GuardedText;
  /** The added and special tokens of one with the decoder `ByteLevel`, else null. */
  byteLevel: Pick<TokenTexts, 'addedTokens' | 'specialTokens'> | null;
}

/** Text to token ids and back, as `tokenizer.json` says. */
export class Tokenizer {
  /** One more than the highest token id; a model's vocabulary may be larger, by rows that no token uses. */
  readonly vocabSize: number;
  /** The token that ends a text, null when the tokenizer has none. */
  readonly eosTokenId: number | null;
  readonly #tokenizer: HuggingFaceTokenizer;
  readonly #guarded: GuardedText;
  readonly #byteLevel: TokenizerParts['byteLevel'];
  /** Made when first asked for: the table of a large vocabulary takes a moment, and most services never decode. */
  #decoder: ByteLevelDecoder | undefined;

  constructor(tokenizer: HuggingFaceTokenizer, { eosToken, guarded, byteLevel }: TokenizerParts) {
    this.#tokenizer = tokenizer;
    this.#guarded = guarded;
    this.#byteLevel = byteLevel;
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

  /** A user's text, to be put into a template: its special tokens are marked, see `GuardedText`. */
  guard(text: string): string {
    return this.#guarded.guard(text);
  }

  /** The special tokens in a text, each once. */
  specialsIn(text: string): string[] {
    return this.#guarded.specialsIn(text);
  }

  /**
   * The token ids of a template's text, in which marked special tokens are plain text and others are tokens.
   *
   * @param addsSpecial whether the post-processor adds its tokens, as `encode` has it
   */
  encodeGuarded(text: string, { addsSpecial }: { readonly addsSpecial: boolean }): Int32Array {
    const options = { add_special_tokens: addsSpecial };
    const ids = this.#guarded.encode(text, options) ?? this.#tokenizer.encode(text, options).ids;
    return Int32Array.from(ids);
  }

  /**
   * The text of token ids, spaces as they are.
   *
   * Ids of no token, which a model with a padded vocabulary could sample, are left out.
   */
  decode(ids: ArrayLike<number>, { skipSpecial }: { skipSpecial: boolean }): string {
    if (this.#byteLevel !== null) {
      this.#decoder ??= new ByteLevelDecoder({
        ...this.#byteLevel,
        vocabSize: this.vocabSize,
        tokenOf: (id) => this.#tokenizer.id_to_token(id),
      });
      return this.#decoder.decode(ids, { skipSpecial });
    }
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
    const guarded = new GuardedText(tokenizerJson, configJson);
    return new Tokenizer(tokenizer, {
      eosToken: tokenText(configJson.eos_token),
      guarded,
      byteLevel: byteLevelTokens(tokenizerJson, configJson),
    });
  } catch (error) {
    const what = `${join(folder, tokenizerFile)} can't be used: ${messageOf(error)}`;
    throw new MgrpoError('INVALID_MODEL', what, { cause: error });
  }
}

function byteLevelTokens(
  tokenizerJson: Readonly<Record<string, unknown>>,
  configJson: Readonly<Record<string, unknown>>,
): TokenizerParts['byteLevel'] {
  const decoder = tokenizerJson.decoder as { type?: unknown } | null;
  const model = tokenizerJson.model as { end_of_word_suffix?: unknown };
  if (decoder?.type !== 'ByteLevel' || model.end_of_word_suffix) return null;
  const added = addedTokens(tokenizerJson);
  const { additional_special_tokens: more } = configJson;
  const special = added.filter((token) => token.special).map(({ content }) => content);
  return {
    addedTokens: new Set(added.map(({ content }) => content)),
    specialTokens: new Set([...special, ...(Array.isArray(more) ? more : [])]),
  };
}
