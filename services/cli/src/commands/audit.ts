import { type AuditReport, auditIteration } from '../audit/audit-iteration.ts';
import { openRecordedRun } from '../audit/recorded-run.ts';

export interface AuditFlags {
  readonly iteration: number;
  readonly json?: boolean;
}

/** Derives an iteration of a run again and prints what of it has the recorded bits; 0 when all of it has. */
export async function audit(path: string, { iteration, json }: AuditFlags): Promise<number> {
  const tell = (message: string) => process.stderr.write(`mgrpo: ${message}\n`);
  const run = await openRecordedRun(path, tell);
  if (run.otherMachine !== null) {
    tell(`the run was begun on ${run.otherMachine}: its bits may differ here`);
  }
  const report = await auditIteration(run, iteration, (applied) => {
    if (process.stderr.isTTY) process.stderr.write(`\rtrained again up to version ${applied} `);
  });
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : auditText(report));
  return report.agrees ? 0 : 1;
}

function auditText({ runId, iteration, weightVersion, ...report }: AuditReport): string {
  const from = report.fromIteration === 0 ? 'the base model' : `step-${report.fromIteration}`;
  const lines = report.findings.map(
    ({ claim, agrees, detail }) => `  ${agrees ? '✓' : '✗'} ${claim.padEnd(11)}${detail}`,
  );
  return [
    `run ${runId}, iteration ${iteration}, sampled with version ${weightVersion}, trained again from ${from}`,
    ...lines,
    report.agrees ? 'The bits agree.' : 'The bits do not agree.',
    '',
  ].join('\n');
}
