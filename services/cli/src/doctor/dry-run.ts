import { describeModel } from '@mgrpo/checkpoint';
import type { RunConfig } from '@mgrpo/config';
import { memoryPlan, whatFits } from '@mgrpo/service';
import { descriptionText, fitsText, planText } from './plan-text.ts';

/**
 * What a model would need under a recipe, from its `config.json` and whatever of its weights is there: nothing is
 * started, and no weights are read.
 *
 * @returns the text, or one JSON object
 */
export async function dryRun(
  config: RunConfig,
  { memoryBytes, isJson }: { readonly memoryBytes: number; readonly isJson: boolean },
): Promise<string> {
  const model = await describeModel(config.model.path);
  const plan = memoryPlan(model.config, config);
  const fits = whatFits(model.config, { config, memoryBytes });
  if (isJson) return JSON.stringify({ model, memoryPlan: plan, memoryBytes, fits });
  const parts = [descriptionText(model), planText(plan, memoryBytes), fitsText(fits, memoryBytes)];
  return parts.map((lines) => lines.join('\n')).join('\n\n');
}
