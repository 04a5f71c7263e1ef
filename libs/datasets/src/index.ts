export { defaultColumns, type PromptColumns } from './columns.ts';
export { dataSha256 } from './content-hash.ts';
export { type Line, readLines } from './lines.ts';
export {
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
  trainingReaders,
} from './prompts.ts';
export { type Question, type Questions, readQuestions } from './questions.ts';
export { type AskedQuestion, questionsOfIteration } from './questions-of-iteration.ts';
export { type DataRow, openRows } from './rows.ts';
export { arithmeticCharacters } from './synthetic-task.ts';
export { syntheticTasks } from './synthetic-tasks.ts';
export { taskSample } from './task-sample.ts';
