import { tallyAnswers } from '@mgrpo/benchmarks';

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

/** Compares a pass with the gold answers, both in canonical form, as `mgrpo eval` does. */
export function scorePass(pass: EvaluationPass, problems: readonly Problem[]): PassScore {
  const { accuracy, unanswered, topAnswerShare } = tallyAnswers(
    pass.answers.map((answers, index) => ({ answers, gold: problems[index]!.answer })),
  );
  return {
    temperature: pass.temperature,
    samples: pass.answers[0]?.length ?? 0,
    accuracy,
    unanswered,
    topAnswerShare,
    entropy: pass.entropy,
    responseTokens: pass.responseTokens,
  };
}
