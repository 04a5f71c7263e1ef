import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { maxSkippedInARow } from '@mgrpo/algorithm';
import { type MetricsRecord, runFiles } from '@mgrpo/checkpoint';
import { withoutSecrets } from '@mgrpo/config';
import { localInputs } from '@mgrpo/object-store';
import type { SupervisorEvent, TrainOutcome } from '@mgrpo/service';
import { checkInputs } from '../check-inputs.ts';
import { collapseText } from '../collapse-text.ts';
import { MetricsTail } from '../metrics-tail.ts';
import { type ProgressPrinter, progressPrinter } from '../progress/progress-printer.ts';
import { reportHtml } from '../report/report.ts';
import { requireRoomInStore, restoreIfGone } from '../run-in-store.ts';
import { stopSignal } from '../stop-signal.ts';
import { type RunSummary, summarize } from '../summary.ts';
import { readLog } from '../training-log.ts';
import { planTraining, type TrainFlags, type TrainingRun } from '../training-run.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const mainFile = fileURLToPath(new URL('../main.ts', import.meta.url));

/** Trains, shows how it goes, and leaves summary and report in the run folder. */
export async function train(recipe: string | undefined, flags: TrainFlags): Promise<number> {
  const surroundings = { environment: process.env, root, now: new Date() };
  const tell = (message: string) => void process.stderr.write(`${message}\n`);
  await restoreIfGone(recipe, flags, { ...surroundings, tell });
  const run = planTraining(recipe, flags, surroundings);
  if (!run.isResumed) await requireRoomInStore(run.config, { ...surroundings, tell });
  const { config, folder } = run;
  const local = await localInputs(config, { env: process.env, tell });
  await checkInputs(local);
  const tail = new MetricsTail(join(folder, runFiles.metrics));
  const records: MetricsRecord[] = run.isResumed ? tail.read() : [];
  const json = flags.json === true;
  const printer = progressPrinter(process.stdout, { json, total: config.iterations, records });
  const stop = stopSignal((message) => printer.notice(message));
  printer.notice(headline(run, records.length > 0));
  const follow = () => {
    for (const record of tail.read()) {
      records.push(record);
      printer.record(record);
      if (record.kind === 'evaluation') writeResults(run, records, 'stopped');
    }
  };
  try {
    // Loaded now, so that a mistyped key is told before the queue's and the network's libraries are read.
    const { runTraining } = await import('@mgrpo/service');
    const outcome = await runTraining({
      config: local,
      storedConfig: config,
      runFolder: folder,
      serveCommand: [mainFile, 'serve'],
      searchPath: process.env.PATH ?? '',
      env: process.env,
      signal: stop.signal,
      hooks: {
        onState: follow,
        onService: (event) => tellService(event, printer),
        tell: (message) => printer.notice(message),
      },
    });
    follow();
    const summary = writeResults(run, records, outcomeOf(outcome, run, records));
    if (json) process.stdout.write(`${JSON.stringify({ kind: 'summary', ...summary })}\n`);
    printer.end(farewell(run, summary));
    return outcome === 'halted' ? haltedExitCode : stop.exitCode;
  } finally {
    stop.release();
  }
}

function headline({ config, folder }: TrainingRun, goesOn: boolean): string {
  const { method, promptsPerIteration, groupSize } = config.algorithm;
  const verb = goesOn ? 'Going on' : 'Training';
  return [
    `${verb} with ${method}, ${promptsPerIteration} prompts × ${groupSize} rollouts an iteration, seed ${config.seed}. No label is read in training.`,
    `Run folder: ${nameOf(folder)}`,
  ].join('\n');
}

/** Of a run that a suspicion of collapse or numbers that are not finite have ended: it is not done. */
const haltedExitCode = 3;

function outcomeOf(
  outcome: TrainOutcome,
  { config }: TrainingRun,
  records: readonly MetricsRecord[],
): RunSummary['outcome'] {
  if (outcome !== 'halted') return outcome;
  const { skippedInARow = 0 } = readLog(records).iterations.at(-1) ?? {};
  if (skippedInARow >= maxSkippedInARow) return 'diverged';
  return config.collapse.onCollapse === 'rollback' ? 'rolled-back' : 'paused';
}

function farewell({ folder }: TrainingRun, summary: RunSummary): string {
  const { outcome, iterations, collapse } = summary;
  if (outcome === 'paused' || outcome === 'rolled-back') {
    const result = outcome === 'paused' ? '' : ` ${resultText(folder)}`;
    return `Ended after ${iterations} iterations: collapse ${collapseText(collapse) ?? ''}.${result} Go on all the same with: mgrpo train --resume --run ${nameOf(folder)} --set collapse.onCollapse=warn`;
  }
  if (outcome === 'diverged') {
    return `Ended after ${iterations} iterations: ${maxSkippedInARow} optimiser steps in a row had a loss or gradient that is NaN or infinite. ${join(nameOf(folder), runFiles.metrics)} names their prompts and rollouts (skippedSteps); the weights of before are in ${join(nameOf(folder), runFiles.checkpoints)}. Start a new run with a lower algorithm.optimizer.learningRate.`;
  }
  if (outcome === 'stopped' && !existsSync(join(folder, runFiles.manifest))) {
    return `Stopped before the run had begun; start it with: mgrpo train RECIPE --run ${nameOf(folder)}`;
  }
  if (outcome === 'stopped') {
    return `Stopped after ${iterations} iterations; go on with: mgrpo train --resume --run ${nameOf(folder)}`;
  }
  return `Finished. Open ${join(nameOf(folder), 'report.html')}; the model is in ${join(nameOf(folder), runFiles.checkpoints)}.`;
}

/** Where the learner says that the result of a run that was rolled back is. */
function resultText(folder: string): string {
  const path = join(folder, runFiles.result);
  const { checkpoint } = JSON.parse(readFileSync(path, 'utf8')) as { checkpoint: string | null };
  return checkpoint === null
    ? 'No checkpoint from before that is left: the result is the base model.'
    : `The result is ${join(nameOf(folder), checkpoint)}, from before that.`;
}

/** Relative where that is shorter to read. */
function nameOf(folder: string): string {
  const name = relative('.', folder);
  return name.startsWith('..') ? folder : name;
}

function tellService(event: SupervisorEvent, printer: ProgressPrinter): void {
  if (event.kind === 'notice') printer.notice(event.message);
  if (event.kind === 'restarting') {
    printer.notice(`${event.name} ended (${event.reason}) and is started again`);
  }
}

/** Writes `summary.json` and `report.html`; each replaces its forerunner in one step. */
function writeResults(
  { config, folder }: TrainingRun,
  records: readonly MetricsRecord[],
  outcome: RunSummary['outcome'],
): RunSummary {
  const log = readLog(records);
  const summary = summarize(log, outcome);
  const name = nameOf(folder);
  const stored = withoutSecrets(config);
  replaceFile(join(folder, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
  replaceFile(join(folder, 'report.html'), reportHtml({ name, log, summary, config: stored }));
  return summary;
}

function replaceFile(path: string, content: string): void {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}
