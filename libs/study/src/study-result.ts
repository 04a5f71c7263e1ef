import type { MeasureOptions } from './trial.ts';
import type { Trial } from './trial-record.ts';

/** A base model and the task it is trained on. */
export interface StudyBase {
  readonly name: string;
  readonly title: string;
}

/** One setting that is compared with others. */
export interface StudyArm {
  readonly name: string;
  readonly title: string;
  /** Keys of the configuration that differ from the study's, by dotted path. */
  readonly set: Readonly<Record<string, unknown>>;
  /** Position on the axes of the study's view, such as `{ method: 'SRT', G: 64 }`. */
  readonly factors: Readonly<Record<string, string | number>>;
  /** Marks a method that no paper has. */
  readonly isOurs: boolean;
}

/** What trials are made of besides their arm's settings: later ones are over earlier ones, and the last over the arm's. */
export interface StudySettings {
  /** Keys of the configuration that all trials share. */
  readonly shared: Readonly<Record<string, unknown>>;
  /** Recipe, model, problems and keys of each base. */
  readonly bases: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** `path=value` from the command line, of all trials. */
  readonly overrides: readonly string[];
}

/** How a study's numbers are laid out besides its curves. */
export type StudyView =
  /** Best and final of every arm. */
  | { readonly kind: 'table' }
  /** Best and final over a factor, one line for each value of another. */
  | { readonly kind: 'lines'; readonly x: string; readonly series: string }
  /** Final minus best over two factors. */
  | { readonly kind: 'heat-map'; readonly x: string; readonly y: string };

/** Everything a report shows: `study.json`. */
export interface StudyResult {
  readonly name: string;
  readonly title: string;
  readonly note: string;
  readonly bases: readonly StudyBase[];
  readonly arms: readonly StudyArm[];
  readonly seeds: { readonly choose: readonly number[]; readonly confirm: readonly number[] };
  /** Arm that paired differences are against; null: none. */
  readonly baseline: string | null;
  readonly view: StudyView;
  readonly measure: Omit<MeasureOptions, 'problems'>;
  /** Finished ones: a study may be reported on before its end. */
  readonly trials: readonly Trial[];
  /** How many there are when the study is complete. */
  readonly numTrials: number;
}
