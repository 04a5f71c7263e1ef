import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MgrpoError } from '@mgrpo/errors';

/** The special tokens of a character tokenizer, which take ids 0, 1 and 2. */
const charSpecialTokens = { pad: '<pad>', end: '<eos>', unknown: '<unk>' } as const;

/** What a model with such a tokenizer needs in its `config.json`. */
export interface CharVocabulary {
  readonly vocabSize: number;
  readonly padTokenId: number;
  readonly endTokenId: number;
}

/**
 * Writes `tokenizer.json` and `tokenizer_config.json` of a tokenizer whose tokens are single characters, in a
 * form that transformers, vLLM and `loadTokenizer` open.
 *
 * Ids: pad 0, end 1, unknown 2, then the characters in the order given.
 */
export async function writeCharTokenizer(
  folder: string,
  characters: string,
): Promise<CharVocabulary> {
  const { tokenizerJson, configJson, vocabulary } = charTokenizer(characters);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'tokenizer.json'), toText(tokenizerJson));
  await writeFile(join(folder, 'tokenizer_config.json'), toText(configJson));
  return vocabulary;
}

/** The two files' contents; INVALID_INPUT when a character is there twice. */
export function charTokenizer(characters: string) {
  const tokens = [...Object.values(charSpecialTokens), ...characters];
  if (new Set(tokens).size !== tokens.length) {
    const what = `a character is there twice in ${JSON.stringify(characters)}`;
    throw new MgrpoError('INVALID_INPUT', `${what}; each is one token`);
  }
  const { pad, end, unknown } = charSpecialTokens;
  const tokenizerJson = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [pad, end, unknown].map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    // Joins the characters; without a decoder they would be joined by spaces.
    decoder: { type: 'Fuse' },
    // Byte-pair encoding without a merge leaves single characters.
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: unknown,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: [],
    },
  };
  const configJson = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    pad_token: pad,
    eos_token: end,
    unk_token: unknown,
    clean_up_tokenization_spaces: false,
  };
  const vocabulary = { vocabSize: tokens.length, padTokenId: 0, endTokenId: 1 };
  return { tokenizerJson, configJson, vocabulary };
}

function toText(json: object): string {
  return `${JSON.stringify(json, null, 2)}\n`;
}
