/** A validation problem: the canonical gold answer is read by evaluation only. */
export interface Problem {
  tokens: Int32Array;
  answer: string;
}

/** The responses of one evaluation pass, by problem. */
export interface EvaluationPass {
  temperature: number;
  /** answers[problem][sample]: canonical, or null where the response has none. */
  answers: readonly (readonly (string | null)[])[];
  /** Mean trajectory entropy, nats. */
  entropy: number;
  /** Mean response tokens. */
  responseTokens: number;
}

/** How a weight version does on the validation problems at one temperature. */
export interface PassScore {
  temperature: number;
  samples: number;
  /** Share of all responses that are right. */
  accuracy: number;
  /** Share of responses without an answer. */
  unanswered: number;
  /** Share of the most common answer: near 1 when the policy has collapsed to one constant. */
  topAnswerShare: number;
  entropy: number;
  responseTokens: number;
}

/** Compares a pass with the gold answers, both in canonical form. */
export function scorePass(pass: EvaluationPass, problems: readonly Problem[]): PassScore {
  const counts = new Map<string, number>();
  let right = 0;
  let unanswered = 0;
  let total = 0;
  pass.answers.forEach((samples, index) => {
    for (const answer of samples) {
      total += 1;
      if (answer === null) unanswered += 1;
      else counts.set(answer, (counts.get(answer) ?? 0) + 1);
      if (answer !== null && answer === problems[index]?.answer) right += 1;
    }
  });
  return {
    temperature: pass.temperature,
    samples: pass.answers[0]?.length ?? 0,
    accuracy: right / total,
    unanswered: unanswered / total,
    topAnswerShare: Math.max(0, ...counts.values()) / total,
    entropy: pass.entropy,
    responseTokens: pass.responseTokens,
  };
}
