import type { CollapseState } from '@mgrpo/algorithm';
import type { TrainingLog } from './training-log.ts';

/** What `summary.json` of a run folder says. Accuracies are greedy; null where nothing was evaluated. */
export interface RunSummary {
  /**
   * `paused` and `rolled-back`: ended by a suspicion of collapse, as collapse.onCollapse says; `diverged`: by
   * steps in a row whose loss or gradient was not finite.
   */
  readonly outcome: 'finished' | 'stopped' | 'paused' | 'rolled-back' | 'diverged';
  /** Iterations applied. */
  readonly iterations: number;
  /** Before training. */
  readonly baseValidation: number | null;
  readonly bestValidation: number | null;
  /** Iterations applied when the best was reached. */
  readonly bestIteration: number | null;
  readonly finalValidation: number | null;
  /** The last evaluation at the configured temperature. */
  readonly finalSampledValidation: { temperature: number; accuracy: number } | null;
  /** Of the last policy, as float32 in canonical order; null before the first iteration. */
  readonly weightsSha256: string | null;
  /** The run after its last iteration, and the first iteration after which it was suspected, counted from 0. */
  readonly collapse: CollapseState & { readonly firstSuspected: number | null };
  /** Wall time of all iterations, those before a resume included (s). */
  readonly seconds: number;
  readonly secondsByPhase: { generate: number; vote: number; learn: number; other: number };
}

/** The summary of a run, from its metrics. */
export function summarize(log: TrainingLog, outcome: RunSummary['outcome']): RunSummary {
  const scored = log.evaluations.filter((evaluation) => evaluation.greedy !== null);
  const best = scored.reduce<(typeof scored)[number] | null>(
    (top, next) => (top === null || next.greedy! > top.greedy! ? next : top),
    null,
  );
  const total = (phase: 'total' | 'generate' | 'vote' | 'learn' | 'other') => {
    const sum = log.iterations.reduce((part, { seconds }) => part + seconds[phase], 0);
    return Math.round(sum * 1000) / 1000;
  };
  return {
    outcome,
    iterations: (log.iterations.at(-1)?.iteration ?? -1) + 1,
    baseValidation: scored.find((evaluation) => evaluation.version === 0)?.greedy ?? null,
    bestValidation: best?.greedy ?? null,
    bestIteration: best?.version ?? null,
    finalValidation: scored.at(-1)?.greedy ?? null,
    finalSampledValidation: scored.at(-1)?.sampled ?? null,
    weightsSha256: log.iterations.at(-1)?.policySha256 ?? null,
    collapse: {
      ...(log.iterations.at(-1)?.collapse ?? { kind: 'healthy' }),
      firstSuspected:
        log.iterations.find(({ collapse }) => collapse.kind === 'suspected')?.iteration ?? null,
    },
    seconds: total('total'),
    secondsByPhase: {
      generate: total('generate'),
      vote: total('vote'),
      learn: total('learn'),
      other: total('other'),
    },
  };
}
