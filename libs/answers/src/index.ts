export { canonicalAnswer } from './canonical-answer.ts';
export { answerOf, type Extractor, type ExtractorName, extractors } from './extract/extractors.ts';
