import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const words = 'we compute the sum of all terms and find that it is so far still less than two';

// Letters for bytes, as byte-level tokenizers write them, are the characters themselves from ! to ~.
const visible = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i));
const tokens = [...visible, ...words.split(' ').map((word) => `Ġ${word}`)];

/** A word of the text before the answer. */
export const fillerToken = visible.length;

/** Responses begin at so many places in the arrays of numbers. */
const spread = 1024;

/** How many answers responses have: the first is that of most. */
const numAnswers = 8;

/** Writes a byte-level tokenizer such as Qwen's, but small; returns the model folder. */
export async function writeTokenizer(folder: string): Promise<string> {
  const model = join(folder, 'model');
  await mkdir(model, { recursive: true });
  const tokenizer = {
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: [],
    },
  };
  await writeFile(join(model, 'tokenizer.json'), JSON.stringify(tokenizer));
  await writeFile(join(model, 'tokenizer_config.json'), '{}');
  return model;
}

/** Responses of up to `maxTokens` tokens that end in a boxed answer; each is a view of one of a few arrays. */
export class Responses {
  readonly #texts: readonly Int32Array[];
  readonly #logprobs: Float32Array;
  readonly #entropies: Float32Array;
  readonly #maxTokens: number;

  constructor(maxTokens: number) {
    this.#maxTokens = maxTokens;
    this.#texts = Array.from({ length: numAnswers }, (_, answer) => textWith(answer, maxTokens));
    const length = maxTokens + spread;
    this.#entropies = Float32Array.from({ length }, (_, i) => ((i * 7919) % 1009) / 1009);
    this.#logprobs = this.#entropies.map((entropy) => -entropy);
  }

  /** `draw`: uniform in [0, 1), what the response is a function of. Most answers are the first. */
  response(draw: number, numTokens: number) {
    const answer = draw < 0.6 ? 0 : Math.floor(((draw - 0.6) / 0.4) * numAnswers);
    const at = Math.floor(draw * 1e6) % spread;
    return {
      tokens: this.#texts[answer]!.subarray(this.#maxTokens - numTokens),
      logprobs: this.#logprobs.subarray(at, at + numTokens),
      entropies: this.#entropies.subarray(at, at + numTokens),
      selfCertainties: null,
      finishReason: 'stop' as const,
    };
  }
}

function textWith(answer: number, numTokens: number): Int32Array {
  const numWords = tokens.length - visible.length;
  const end = Array.from(`\\boxed{${40 + answer}}.`, (letter) => visible.indexOf(letter));
  const text = Int32Array.from({ length: numTokens }, (_, i) => fillerToken + (i % numWords));
  text.set(end.slice(-numTokens), Math.max(0, numTokens - end.length));
  return text;
}
