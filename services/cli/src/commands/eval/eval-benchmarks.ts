import { createHash } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { goldResponse, judgeResponse, type RunPython, scoreBenchmark } from '@mgrpo/benchmarks';
import { configOfRole, type RunConfig } from '@mgrpo/config';
import { MgrpoError } from '@mgrpo/errors';
import { type DeviceSetting, fingerprint } from '@mgrpo/runtime';
import { loadChatTemplate, openPromptEncoder } from '@mgrpo/tokenizer';
import { type OpenModel, openModel } from '../../model.ts';
import { stopSignal } from '../../stop-signal.ts';
import { type ChoiceFlags, type ChosenBenchmark, chooseBenchmarks } from './chosen-benchmarks.ts';
import { EvalProgress } from './eval-progress.ts';
import { openPython } from './open-python.ts';
import { openRemoteModel, workerAddresses } from './remote-model.ts';
import { type EvalSettings, ResultFolder, resultFiles, settingsHash } from './result-folder.ts';
import { problemKey, runProblems } from './run-problems.ts';
import { type NamedScore, scoreTable } from './score-table.ts';

export interface BenchmarkFlags extends ChoiceFlags {
  readonly model: string;
  readonly out?: string;
  readonly resume?: boolean;
  readonly engines: number;
  readonly device: DeviceSetting;
  readonly workers?: string;
  readonly responses?: boolean;
  readonly json?: boolean;
}

const tell = (message: string) => process.stderr.write(`mgrpo: ${message}\n`);

/** Evaluates a model on benchmarks; returns the exit code. */
export async function evalBenchmarks(flags: BenchmarkFlags, config: RunConfig): Promise<number> {
  const workers = flags.workers === undefined ? [] : workerAddresses(flags.workers);
  const chosen = await chooseBenchmarks(flags, tell);
  if (flags.resume === true && flags.out === undefined) {
    throw new MgrpoError('USAGE', '--resume needs --out, the folder to go on with');
  }
  const { slots } = config.deployment.rollout;
  const { engines, device } = flags;
  const stop = stopSignal(tell);
  const python = await openPython(chosen);
  const model = await (workers.length > 0
    ? openRemoteModel(flags.model, {
        workers,
        settings: configOfRole(config, 'operator').deployment.security,
        signal: stop.signal,
        tell,
      })
    : openModel(flags.model, { slots, engines, device, signal: stop.signal }));
  try {
    const chat = await chatOf(flags.model, config);
    const settings = { ...settingsOf(model, { chosen, config }), ...chat };
    const path = flags.out ?? defaultFolder(flags.model, new Date());
    const folder = await (flags.resume === true
      ? ResultFolder.resume(path, settings)
      : ResultFolder.create(path, settings));
    const done = folder.results;
    const isDone = new Set(done.map(({ benchmark, id }) => problemKey(benchmark, id)));
    const total = chosen.reduce((sum, { problems }) => sum + problems.length, 0);
    const progress = new EvalProgress(process.stderr, {
      ...{ total, done },
      now: () => performance.now(),
    });
    await runProblems(chosen, {
      model,
      runPython: python.run,
      seed: config.seed,
      temperature: config.evaluation.temperature,
      encode: await openPromptEncoder(flags.model, model.tokenizer, config.prompts),
      keepResponses: flags.responses === true,
      responsesAtOnce: 2 * slots * Math.max(engines, workers.length),
      signal: stop.signal,
      isDone: (key) => isDone.has(key),
      onResult: async (result) => {
        await folder.append(result);
        progress.result(result);
      },
    });
    progress.end();
    if (stop.signal.aborted) {
      const left = total - folder.results.length;
      tell(`stopped with ${left} of ${total} problems left; go on with --out ${path} --resume`);
      return stop.exitCode;
    }
    await finish(folder, { chosen, settings, json: flags.json === true });
    return 0;
  } finally {
    stop.release();
    await Promise.all([model.close(), python.close()]);
  }
}

/** Everything that results depend on, and nothing that they don't: engines and slots change no bit. */
function settingsOf(
  model: OpenModel,
  { chosen, config }: { chosen: readonly ChosenBenchmark[]; config: RunConfig },
): EvalSettings {
  const benchmarks = chosen.map(({ benchmark, problems, problemsSha256, samples, maxTokens }) => [
    benchmark.name,
    { problems: problems.length, problemsSha256, samples, maxTokens },
  ]);
  return {
    weightsSha256: model.weightsSha256,
    seed: config.seed,
    temperature: config.evaluation.temperature,
    template: config.prompts.template,
    ...(model.device === 'cpu' ? {} : { device: model.device }),
    benchmarks: Object.fromEntries(benchmarks),
  };
}

/** What writes the messages of a chat; nothing where prompts are plain. */
async function chatOf(folder: string, { prompts }: RunConfig): Promise<EvalSettings> {
  const { format, systemPrompt, templateVariables } = prompts;
  if (format === 'plain') return {};
  const { text } = await loadChatTemplate(folder);
  const chatTemplateSha256 = createHash('sha256').update(text).digest('hex');
  return { chat: { systemPrompt, templateVariables, chatTemplateSha256 } };
}

/** `eval/arithmetic-base-2026-11-23T12-05-00`. */
function defaultFolder(model: string, now: Date): string {
  const time = now.toISOString().slice(0, 19).replaceAll(':', '-');
  return `eval/${basename(resolve(model))}-${time}`;
}

async function finish(
  folder: ResultFolder,
  options: { chosen: readonly ChosenBenchmark[]; settings: EvalSettings; json: boolean },
): Promise<void> {
  const { chosen, settings, json } = options;
  const scores = chosen.map((one) => scoreOf(folder, one));
  const summary = {
    settings,
    settingsSha256: settingsHash(settings),
    machine: await fingerprint(),
    scores,
  };
  await folder.writeSummary(summary);
  if (json) {
    process.stdout.write(`${JSON.stringify(summary)}\n`);
    return;
  }
  process.stdout.write(`${scoreTable(scores)}\n`);
  process.stderr.write(`\n${folder.path}/${resultFiles.summary}\n`);
}

/** Results are put in the order of the problems: sums of floats depend on it. */
function scoreOf(folder: ResultFolder, { benchmark, problems }: ChosenBenchmark): NamedScore {
  const byId = new Map(
    folder.results
      .filter((result) => result.benchmark === benchmark.name)
      .map((result) => [result.id, result]),
  );
  const outcomes = problems.map(({ id }) => byId.get(id)!);
  return {
    benchmark: benchmark.name,
    ...scoreBenchmark(outcomes, { hasMajority: benchmark.answer.kind !== 'python' }),
    tooLong: outcomes.filter(({ tokens }) => tokens[0] === 0).length,
  };
}

/**
 * Judges the gold answers in the form that the prompts ask for, without a model: what a file can reach at best.
 *
 * Returns 1 when one is not judged right. Ids are told, never texts.
 */
export async function checkGolds(flags: ChoiceFlags): Promise<number> {
  const chosen = await chooseBenchmarks(flags, tell);
  const python = await openPython(chosen);
  try {
    let isAllRight = true;
    for (const one of chosen) {
      const { wrong, numGolds } = await judgeGolds(one, python.run);
      isAllRight &&= wrong.length === 0;
      const right = `${numGolds - wrong.length} of ${numGolds} gold answers are judged right`;
      const without = one.problems.length - numGolds;
      const none = without === 0 ? '' : `; ${without} problems have none`;
      const which = wrong.length === 0 ? '' : `; not: ${wrong.join(', ')}`;
      process.stdout.write(`${one.benchmark.name}: ${right}${none}${which} (${one.path})\n`);
    }
    return isAllRight ? 0 : 1;
  } finally {
    await python.close();
  }
}

/** The ids of gold answers that are not judged right; several are judged at once, since Python takes time. */
async function judgeGolds(
  { benchmark, problems }: ChosenBenchmark,
  runPython: RunPython,
): Promise<{ wrong: string[]; numGolds: number }> {
  const verdicts = await Promise.all(
    problems.map(async (problem) => {
      const response = goldResponse(problem);
      if (response === null) return null;
      return await judgeResponse(benchmark, problem, { response, runPython });
    }),
  );
  const wrong = problems.filter((_, i) => verdicts[i]?.isRight === false).map(({ id }) => id);
  return { wrong, numGolds: verdicts.filter((verdict) => verdict !== null).length };
}
