import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunFolder } from '@mgrpo/checkpoint';
import {
  Consumer,
  connectRedis,
  type LearnJob,
  learnJobSchema,
  PayloadStore,
  queueNames,
} from '@mgrpo/queues';
import { contracts, decodeStored, encodeStored, type TrainingBatch } from '@mgrpo/rpc';
import {
  consumerSettings,
  payloadTtlSeconds,
  tracedJob,
  trainingSequences,
  WeightPublisher,
} from '@mgrpo/service';
import { createLogger, quietTracer } from '@mgrpo/telemetry';
import { collectBatch } from '../../services/learner/src/collect-batch.ts';
import { type LoadSettings, loadConfig, loadRunId, type Placement } from './settings.ts';
import { tell, tellUsage } from './usage.ts';
import { loadWeightBytes, serveWeights, weightsOf } from './weight-roles.ts';

/** The learner's intake: collects each batch, journals it, sleeps for a step and publishes the next version. */
export async function runLearner({
  settings,
  placement,
}: {
  settings: LoadSettings;
  placement: Omit<Placement, 'learnerPort'>;
}): Promise<void> {
  const config = loadConfig(settings, { ...placement, learnerPort: 0 });
  const log = createLogger({ service: 'load', level: 'warn' });
  const redis = connectRedis(placement.redisUrl, config.deployment.deadlines.redisMs);
  const payloads = new PayloadStore(redis, payloadTtlSeconds);
  const publisher = new WeightPublisher(config.lag + 1);
  const publish = (version: number) => {
    const policy = weightsOf(version, loadWeightBytes);
    publisher.publish({ policy, momentum: { ...policy, role: 'momentum' } });
  };
  publish(0);
  const port = await serveWeights(publisher);
  const journal = settings.journal ? await openJournal(join(placement.folder, 'run')) : null;
  const held = new Map<number, () => Promise<void>>();
  let applied = 0;
  let turn: Promise<void> = Promise.resolve();
  const applyHeld = async () => {
    for (let next = held.get(applied); next !== undefined; next = held.get(applied)) {
      held.delete(applied);
      await next();
      await sleep(settings.stepMs);
      applied += 1;
      publish(applied);
      tell({ kind: 'applied', iteration: applied - 1 });
    }
  };
  new Consumer({
    ...consumerSettings(config, loadRunId, log),
    queue: queueNames.learn,
    schema: learnJobSchema,
    concurrency: config.lag + 2,
    handle: tracedJob<LearnJob>({
      name: 'learn',
      tracer: quietTracer(),
      log,
      describe: ({ iteration }) => ({ iteration }),
      handle: async (job) => {
        const { iteration } = job.data;
        if (iteration < applied) return null;
        const numPrompts = settings.prompts;
        const collected = settings.bare
          ? null
          : await collectBatch(job, { runId: loadRunId, numPrompts, payloads, log });
        held.set(iteration, async () => {
          if (collected === null) return;
          await journal?.append(iteration, sequenced(collected.batch));
          if (journal === null) sequenced(collected.batch);
          collected.journaled();
        });
        turn = turn.then(applyHeld);
        await turn;
        return null;
      },
    }),
  });
  tellUsage(() => ({ engineMs: 0, ended: [] }));
  tell({ kind: 'ready', port });
}

/** The journal's bytes of a batch, from which the training sequences are taken, as the learner does. */
function sequenced(batch: TrainingBatch): Buffer {
  const bytes = encodeStored(contracts.TrainingBatch, batch);
  trainingSequences(decodeStored(contracts.TrainingBatch, bytes, 'the batch to journal'));
  return bytes;
}

async function openJournal(path: string) {
  const folder = await RunFolder.create(
    path,
    { config: {}, manifest: { runId: loadRunId } },
    { warn: () => {} },
  );
  return await folder.openJournal(await folder.takeEpoch());
}
