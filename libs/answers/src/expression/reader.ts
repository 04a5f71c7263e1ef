import type { Budget } from '../algebra/budget.ts';
import type { Sum } from '../algebra/sum.ts';
import type { LatexNode, Part } from '../latex/latex-tree.ts';

/** What reading an expression needs from outside. */
export interface ExpressionContext {
  readonly budget: Budget;
  /** Called where two plain numbers are added or multiplied: `1+2` is a computation, not its result. */
  onArithmetic(): void;
  /** The canonical text of a subscript or of what stands under an accent. */
  textOf(part: Part): string;
}

/** A part that is being read from front to back; null stands for anything that is no expression. */
export interface Reader {
  readonly context: ExpressionContext;
  /** The node that is read next, if any is left. */
  readonly next: LatexNode | undefined;
  /** Goes past the next node. */
  advance(): void;
  /** Goes past the next node if it is this mark. */
  take(mark: string): boolean;
  /** Reads another part, one inside the next node. */
  read(part: Part): Sum | null;
  /** A number, a name, a group or a command with its argument. */
  readPrimary(): Sum | null;
  /** A primary with its powers. */
  readFactor(): Sum | null;
  /** What stands after `^` or `_`. */
  readExponent(): Sum | null;
}
