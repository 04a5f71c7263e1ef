import { evidenceKind, methods } from '@mgrpo/algorithm';
import { checkModelFolder } from '@mgrpo/checkpoint';
import type { RunConfig } from '@mgrpo/config';
import { readEvaluationPrompts, trainingReaders } from '@mgrpo/datasets';
import { loadTokenizer, openPromptEncoder } from '@mgrpo/tokenizer';

/**
 * Reads what the services will read, before any is started and before the run folder becomes a run: a mended
 * input can be tried in the same folder.
 *
 * @throws INVALID_MODEL or INVALID_INPUT naming the file, the tensor or the line, and the remedy
 */
export async function checkInputs({ model, prompts, algorithm }: RunConfig): Promise<void> {
  await checkModelFolder(model.path);
  const tokenizer = await loadTokenizer(model.path);
  // A chat template shows its faults when it writes something.
  await (await openPromptEncoder(model.path, tokenizer, prompts))([{ prompt: '1 + 1 = ?' }]);
  await trainingReaders[evidenceKind(methods[algorithm.method])](prompts.train, prompts.columns);
  if (prompts.validation !== null) {
    await readEvaluationPrompts(prompts.validation, prompts.columns);
  }
}
