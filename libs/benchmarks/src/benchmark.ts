/** Names of a column, likeliest first; the first is what `--columns` calls it. */
export type ColumnNames = readonly string[];

/** One benchmark: everything that tells it from the others. */
export interface Benchmark {
  readonly name: string;
  readonly title: string;
  /** File names without extension; case, `-`, `_` and `.` do not count. */
  readonly files: readonly string[];
  /** Where the file comes from. */
  readonly source: string;
  /** Problems of the public split; another number is told, not refused. */
  readonly size: number | null;
  /** Samples of each problem over which accuracy is averaged, as in the paper (section 3). */
  readonly samples: number;
  /** The longest response (tokens): as in training, since the paper names none for evaluation. */
  readonly maxTokens: number;
  /** Its questions and answers must not become public: no text of it is ever written. */
  readonly isPrivate: boolean;
  /** Rows of the split that counts, where a file may hold others. */
  readonly rows?: { readonly column: ColumnNames; readonly values: readonly string[] };
  readonly answer: AnswerForm;
}

/** How a benchmark asks and is answered. In templates, `{…}` are a problem's parts. */
export type AnswerForm =
  /** `\boxed{}`; template with `{question}`. */
  | {
      readonly kind: 'boxed';
      readonly template: string;
      readonly columns: { readonly question: ColumnNames; readonly answer: ColumnNames };
      /** The gold answer is the last `\boxed{}`, or what follows the last `####`, of a worked solution. */
      readonly worked?: { readonly column: ColumnNames; readonly form: 'boxed' | 'hashes' };
    }
  /** A letter in `\boxed{}`; template with `{question}`, which ends with the listed choices. */
  | {
      readonly kind: 'choice';
      readonly template: string;
      readonly columns: {
        readonly question: ColumnNames;
        readonly answer: ColumnNames;
        readonly choices: ColumnNames;
      };
      /** Columns of the right and the wrong choices, where the file does not list them in order. */
      readonly separate?: { readonly right: ColumnNames; readonly wrong: readonly ColumnNames[] };
    }
  /** A Python block; template with `{question}` and `{tests}`, or `{question}` and `{format}`. */
  | {
      readonly kind: 'python';
      readonly template: string;
      readonly form: 'asserts' | 'contest';
      /** Of one run in the sandbox. */
      readonly limits: { readonly seconds: number; readonly memoryMiB: number };
    };
