/** How the answers to some problems did, all equal by the one relation that voting has too. */
export interface AnswerTally {
  readonly problems: number;
  readonly responses: number;
  /** Share of all responses that are right. */
  readonly accuracy: number;
  /** Share of problems whose most common answer is right. */
  readonly majorityAccuracy: number;
  /** Share of responses without an answer. */
  readonly unanswered: number;
  /** Share of the most common answer of all: near 1 when the policy has collapsed to one constant. */
  readonly topAnswerShare: number;
}

/** The answers of the samples of one problem, canonical, null where a response has none; and the gold one. */
export interface AnsweredProblem {
  readonly answers: readonly (string | null)[];
  readonly gold: string;
}

/** Counts right answers: of validation in training and of `mgrpo eval`. */
export function tallyAnswers(problems: readonly AnsweredProblem[]): AnswerTally {
  const counts = new Map<string, number>();
  const total = { responses: 0, right: 0, unanswered: 0, majority: 0 };
  for (const { answers, gold } of problems) {
    for (const answer of answers) {
      total.responses += 1;
      if (answer === null) total.unanswered += 1;
      else counts.set(answer, (counts.get(answer) ?? 0) + 1);
      if (answer !== null && answer === gold) total.right += 1;
    }
    if (majorityAnswer(answers) === gold) total.majority += 1;
  }
  return {
    problems: problems.length,
    responses: total.responses,
    accuracy: total.right / total.responses,
    majorityAccuracy: total.majority / problems.length,
    unanswered: total.unanswered / total.responses,
    topAnswerShare: Math.max(0, ...counts.values()) / total.responses,
  };
}

/** The answer given most often, the earliest of equals; null without any. */
export function majorityAnswer(answers: readonly (string | null)[]): string | null {
  const counts = new Map<string, number>();
  for (const answer of answers) {
    if (answer !== null) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  }
  const most = Math.max(...counts.values());
  return [...counts].find(([, count]) => count === most)?.[0] ?? null;
}
