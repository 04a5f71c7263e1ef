// Draws docs/assets/collapse.svg from docs/assets/collapse.json; with two runs of study.ts, takes their numbers first:
//   node bench/experiments/collapse-figure.ts [srt.jsonl mgrpo.jsonl]
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Arm, type Collapse, collapseSvg } from './collapse-svg.ts';

const assets = join(import.meta.dirname, '../../docs/assets');
// Eight prompts an iteration give a noisy reward: each point is the mean of this many iterations.
const rewardWindow = 10;

interface StudyLine {
  readonly kind: string;
  readonly seed?: number;
  readonly iteration?: number;
  readonly reward?: number;
  readonly greedy?: { readonly accuracy: number };
}

function armOf(title: string, file: string): Arm & { seed: number } {
  const text = readFileSync(file, 'utf8').trim();
  const lines = text.split('\n').map((line) => JSON.parse(line) as StudyLine);
  const iterations = lines.filter(({ kind }) => kind === 'iteration');
  const reward: [number, number][] = [];
  for (let end = rewardWindow; end <= iterations.length; end += rewardWindow) {
    const window = iterations.slice(end - rewardWindow, end);
    const sum = window.reduce((total, line) => total + line.reward!, 0);
    reward.push([end - rewardWindow / 2, round(sum / rewardWindow)]);
  }
  const accuracy = lines
    .filter(({ kind }) => kind === 'evaluation')
    .map((line): [number, number] => [line.iteration!, round(line.greedy!.accuracy)]);
  return { title, reward, accuracy, seed: lines[0]!.seed! };
}

const round = (value: number): number => Math.round(value * 10_000) / 10_000;

const [srt, mgrpo] = process.argv.slice(2);
const json = join(assets, 'collapse.json');
if (srt !== undefined && mgrpo !== undefined) {
  const arms = [
    armOf('SRT: the policy votes alone', srt),
    armOf('M-GRPO: half of the votes are the momentum model’s', mgrpo),
  ];
  const collapse = { seed: arms[0]!.seed, arms: arms.map(({ seed: _seed, ...arm }) => arm) };
  writeFileSync(json, `${JSON.stringify(collapse)}\n`);
}
writeFileSync(
  join(assets, 'collapse.svg'),
  collapseSvg(JSON.parse(readFileSync(json, 'utf8')) as Collapse),
);
