import { runProgram } from './program.ts';

// A reader that goes away (`mgrpo train --json | head`) is no reason to stop a run.
process.stdout.on('error', () => {});
process.exitCode = await runProgram(process.argv.slice(2));
