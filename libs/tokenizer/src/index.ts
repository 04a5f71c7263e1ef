export { type CharVocabulary, writeCharTokenizer } from './char-tokenizer.ts';
export { loadTokenizer, type Tokenizer } from './tokenizer.ts';
