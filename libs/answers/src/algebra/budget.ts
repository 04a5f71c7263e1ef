/** Why an answer is not read but compared as it stands. */
export type RefusalReason = 'too-long' | 'brackets' | 'too-much-work' | 'unstable';

/** Thrown where reading an answer would cost more than its budget; never leaves this library. */
export class BudgetSpent extends Error {}

/** The steps that reading one answer may take: counted, not timed, so that no clock decides a vote. */
export class Budget {
  private left: number;

  constructor(steps: number) {
    this.left = steps;
  }

  /** Takes steps off the budget; throws BudgetSpent when there are none left. */
  spend(steps: number): void {
    this.left -= steps;
    if (this.left < 0) throw new BudgetSpent();
  }
}
