import type { ModelDescription } from '@mgrpo/checkpoint';
import { bytesOf, type Fit, gigabytes, type MemoryPlan, settingsText } from '@mgrpo/service';

const count = (n: number): string => n.toLocaleString('en');

/** What a model is, in three lines. */
export function descriptionText({
  config,
  parameters,
  tensors,
  weights,
}: ModelDescription): string[] {
  const { architecture, numLayers, hiddenSize, numHeads, numKvHeads, headDim, vocabSize } = config;
  const head = config.tieWordEmbeddings ? 'tied' : 'untied';
  return [
    `${architecture}: ${numLayers} layers of ${count(hiddenSize)}, ${numHeads} query and ${numKvHeads} key heads of ${headDim}, vocabulary ${count(vocabSize)} (${head})`,
    `${count(parameters)} parameters in ${tensors} tensors`,
    weightsText(weights),
  ];
}

function weightsText(weights: ModelDescription['weights']): string {
  if (weights.kind === 'none') return 'weights: none here to compare with';
  const { unused } = weights;
  const more = unused.length === 0 ? '' : `; not used: ${unused.join(', ')}`;
  if (weights.kind === 'index') {
    const size = weights.bytes === null ? '' : `, ${gigabytes(weights.bytes)}`;
    return `weights: names as the index has them${size}; the files are not here${more}`;
  }
  const { dtypes, bytes } = weights;
  return `weights: names and shapes as stored, ${dtypes.join(' and ')}, ${gigabytes(bytes)}${more}`;
}

/** The memory of a run, and whether it fits on this machine as a whole. */
export function planText(plan: MemoryPlan, memoryBytes: number): string[] {
  const lines = [`${count(plan.parameters)} parameters. Memory of a run, in float32:`];
  for (const process of plan.processes) {
    const times = process.count > 1 ? ` × ${process.count}` : '';
    lines.push(`  ${process.process.padEnd(18)} ${gigabytes(bytesOf(process))}${times}`);
    for (const { name, bytes } of process.parts) {
      lines.push(`    ${name.padEnd(26)} ${gigabytes(bytes).padStart(9)}`);
    }
  }
  const verdict =
    plan.totalBytes <= memoryBytes
      ? 'fits'
      : 'does not fit: spread the services over machines, or choose a smaller model';
  const total = `${gigabytes(plan.totalBytes)} of this machine's ${gigabytes(memoryBytes)}`;
  return [...lines, `  together           ${total}: ${verdict}`];
}

/** What of a run fits on this machine alone. */
export function fitsText(fits: readonly Fit[], memoryBytes: number): string[] {
  const verdict = (fit: Fit): string => {
    switch (fit.kind) {
      case 'fits':
        return 'fits';
      case 'fits-with':
        return `fits with ${settingsText(fit.settings)}`;
      case 'too-large':
        return `does not fit: ${gigabytes(fit.least)} with ${settingsText(fit.settings)}`;
    }
  };
  return [
    `A machine of ${gigabytes(memoryBytes)}, for one process alone:`,
    ...fits.map((fit) => `  ${fit.process.padEnd(18)} ${verdict(fit)}`),
  ];
}
