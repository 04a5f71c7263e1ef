export {
  type ChainSample,
  type ChainSampleOptions,
  chainCharacters,
  chainSample,
} from './arithmetic.ts';
export {
  fillTemplate,
  type PromptTokenOptions,
  type TokenizedPrompts,
  tokenizePrompts,
} from './prompt-tokens.ts';
export {
  type EvaluationPrompt,
  type PromptsFile,
  readEvaluationPrompts,
  readTrainingPrompts,
  type TrainingPrompt,
} from './prompts.ts';
