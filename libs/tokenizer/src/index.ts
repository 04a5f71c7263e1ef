export { type CharVocabulary, writeCharTokenizer } from './char-tokenizer.ts';
export { loadChatTemplate } from './chat-template.ts';
export { fillTemplate, openPromptEncoder, type PromptEncoder } from './prompt-encoder.ts';
export { loadTokenizer, type Tokenizer } from './tokenizer.ts';
