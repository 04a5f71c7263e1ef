export { type AnswerReading, canonicalAnswer, readAnswer } from './canonical-answer.ts';
export { answerInText } from './extract/answer-in-text.ts';
export { answerOf, type Extractor, type ExtractorName, extractors } from './extract/extractors.ts';
