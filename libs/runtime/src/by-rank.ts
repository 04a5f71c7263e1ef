import type { Shape } from '@mgrpo/onnx';

/** Sessions of one graph for vectors and for matrices: the inputs of a graph have as many axes as they were declared with. */
export class ByRank<S extends { readonly movedBytes: number; close(): Promise<void> }> {
  readonly #open: (shape: Shape) => Promise<S>;
  readonly #sessions = new Map<number, S>();

  /** @param open compiles the graph for tensors of a shape: `['N']` or `['R', 'C']` */
  constructor(open: (shape: Shape) => Promise<S>) {
    this.#open = open;
  }

  /** The session for a tensor of these dims, opened when it is first asked for. */
  async of({ length }: readonly number[]): Promise<S> {
    const known = this.#sessions.get(length);
    if (known !== undefined) return known;
    const session = await this.#open(length === 1 ? ['N'] : ['R', 'C']);
    this.#sessions.set(length, session);
    return session;
  }

  get movedBytes(): number {
    return [...this.#sessions.values()].reduce((sum, { movedBytes }) => sum + movedBytes, 0);
  }

  async close(): Promise<void> {
    for (const session of this.#sessions.values()) await session.close();
  }
}
