import { createHash } from 'node:crypto';
import { methods, type Role, rolloutCounts } from '@mgrpo/algorithm';
import { GenerationEngine, stopTokenIds } from '@mgrpo/generation';
import { rolloutKey } from '@mgrpo/queues';
import { type GroupVerdict__Output, roleFromWire, type TrainingBatch__Output } from '@mgrpo/rpc';
import { chooseDevice } from '@mgrpo/runtime';
import { encodeRollouts, type RolloutPart, type RolloutPayload } from '@mgrpo/service';
import type { RecordedRun } from './recorded-run.ts';
import type { Retrained } from './retrain.ts';

/** A payload generated again, and the hash that the verdict names. */
export interface ResampledPayload extends RolloutPayload {
  readonly recordedSha256: string;
}

/** Generates every rollout of an iteration again, in the parts in which its jobs did, by prompt. */
export async function resample(
  run: RecordedRun,
  { batch, sampled }: Pick<Retrained, 'batch' | 'sampled'>,
): Promise<ReadonlyMap<number, readonly ResampledPayload[]>> {
  const { model, tokenizer, config } = run;
  const byPrompt = new Map<number, ResampledPayload[]>();
  for (const role of ['policy', 'momentum'] as const) {
    const numRollouts = rolloutCounts(config.algorithm)[role];
    if (numRollouts === 0) continue;
    const engine = await GenerationEngine.start({
      model: model.config,
      slots: config.deployment.rollout.slots,
      device: (await chooseDevice(run.deviceOf(role))).device,
      numTokens: tokenizer.vocabSize,
      quantisation: config.rollout.quantisation,
    });
    try {
      await engine.setWeights(batch.weightVersion, sampled[role]);
      const groups = batch.groups.map((group) =>
        resampleGroup(run, engine, { batch, group, role }),
      );
      for (const payload of (await Promise.all(groups)).flat()) {
        const { prompt } = payload.parts[0]!;
        byPrompt.set(prompt, [...(byPrompt.get(prompt) ?? []), payload]);
      }
    } finally {
      await engine.close();
    }
  }
  return byPrompt;
}

interface GroupOfRole {
  readonly batch: TrainingBatch__Output;
  readonly group: GroupVerdict__Output;
  readonly role: Role;
}

function resampleGroup(
  { config, model, tokenizer, runId }: RecordedRun,
  engine: GenerationEngine,
  { batch, group, role }: GroupOfRole,
): Promise<ResampledPayload[]> {
  const { seed, sampling, algorithm } = config;
  const { iteration, weightVersion } = batch;
  const { prompt } = group;
  const job = { runId, iteration, role };
  return Promise.all(
    jobsOf(runId, sampling.temperature, { batch, group, role }).map(async (recorded) => {
      const { firstRollout, numRollouts, key } = recorded;
      const rollouts = await engine.generate({
        stream: { seed, purpose: 'train', iteration, prompt, role },
        promptTokens: Int32Array.from(group.promptTokenIds),
        firstRollout,
        numRollouts,
        weightVersion,
        sampling: {
          ...sampling,
          selfCertainty: methods[algorithm.method].needsSelfCertainty,
          stopTokenIds: stopTokenIds(model.config, tokenizer),
        },
      });
      const part: RolloutPart = { ...job, prompt, weightVersion, firstRollout, rollouts };
      const sha256 = createHash('sha256')
        .update(encodeRollouts([part]))
        .digest('hex');
      return { key, sha256, parts: [part], recordedSha256: recorded.sha256 };
    }),
  );
}

interface RecordedJob {
  readonly key: string;
  readonly sha256: string;
  readonly firstRollout: number;
  readonly numRollouts: number;
}

/** How a group's rollouts were spread over jobs, read from the keys of their payloads: it may differ between starts. */
function jobsOf(
  runId: string,
  temperature: number,
  { batch: { iteration }, group, role }: GroupOfRole,
): RecordedJob[] {
  const total = group.members.filter((member) => roleFromWire(member.role) === role).length;
  const recorded = new Map(group.chunks.map(({ key, sha256 }) => [key, sha256]));
  const job = { runId, purpose: 'train' as const, iteration, role, temperature };
  const prompts = { firstPrompt: group.prompt, numPrompts: 1 };
  const jobs: RecordedJob[] = [];
  for (let firstRollout = 0; firstRollout < total; ) {
    const sizes = Array.from({ length: total - firstRollout }, (_, i) => i + 1);
    const found = sizes
      .map((numRollouts) => ({ numRollouts, firstRollout }))
      .map((part) => ({ ...part, key: rolloutKey({ ...job, ...prompts, ...part }) }))
      .find(({ key }) => recorded.has(key));
    // Not named by the verdict: one part of all that is left shows that.
    const next = found ?? { firstRollout, numRollouts: total - firstRollout, key: 'none' };
    jobs.push({ ...next, sha256: recorded.get(next.key) ?? 'none' });
    firstRollout += next.numRollouts;
  }
  return jobs;
}
