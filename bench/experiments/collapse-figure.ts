// Draws docs/assets/collapse.svg from docs/assets/collapse.jsonl; with two runs of study.ts, takes their numbers first:
//   node bench/experiments/collapse-figure.ts [srt.jsonl mgrpo.jsonl]
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Arm, collapseSvg } from './collapse-svg.ts';

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

function armOf(title: string, file: string): Arm {
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
  return { title, seed: lines[0]!.seed!, reward, accuracy };
}

const round = (value: number): number => Math.round(value * 10_000) / 10_000;

const [srt, mgrpo] = process.argv.slice(2);
const curves = join(assets, 'collapse.jsonl');
if (srt !== undefined && mgrpo !== undefined) {
  const arms = [
    armOf('SRT: the policy votes alone', srt),
    armOf('M-GRPO: policy and momentum model vote', mgrpo),
  ];
  writeFileSync(curves, arms.map((arm) => `${JSON.stringify(arm)}\n`).join(''));
}
const arms = readFileSync(curves, 'utf8').trimEnd().split('\n');
writeFileSync(join(assets, 'collapse.svg'), collapseSvg(arms.map((arm) => JSON.parse(arm) as Arm)));
