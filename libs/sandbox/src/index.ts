export type { ProgramResult, ProgramRun } from './run-program.ts';
export { openSandbox, type Sandbox } from './sandbox.ts';
