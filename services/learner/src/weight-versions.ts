import type { Role } from '@mgrpo/algorithm';
import { bytesOf, type VersionStore } from '@mgrpo/checkpoint';
import type { WeightVersion } from '@mgrpo/rpc';
import type { WeightPublisher } from '@mgrpo/service';
import type { Tracer } from '@mgrpo/telemetry';
import type { TrainingEngine } from '@mgrpo/training';
import type { LearnerMetrics } from './learner-metrics.ts';

/** Copies of the policy and the momentum model. */
export type BothModels = Awaited<ReturnType<TrainingEngine['weights']>>;

export interface WeightVersionsOptions {
  readonly runId: string;
  readonly epoch: number;
  readonly versions: VersionStore;
  readonly publisher: WeightPublisher;
  readonly gauges: Pick<LearnerMetrics, 'published'>;
  readonly tracer: Tracer;
}

/** The weights' way out of the learner: onto disk, then to whoever subscribes. */
export class WeightVersions {
  readonly #options: WeightVersionsOptions;

  constructor(options: WeightVersionsOptions) {
    this.#options = options;
  }

  /** Publishes what is on disk of the versions `from` to `end - 1`, which a job may still ask for. */
  async publishStored(from: number, end: number): Promise<void> {
    const { versions, publisher } = this.#options;
    for (let version = Math.max(0, from); version < end; version++) {
      const read = async (role: Role) => {
        const { weights, sha256 } = await versions.read(role, version);
        return this.#sent(role, { version, sha256, flat: weights });
      };
      // One that is lost or damaged can't be made again from a later checkpoint; workers may hold it.
      const both = await Promise.all([read('policy'), read('momentum')]).catch(() => null);
      if (both !== null) publisher.publish({ policy: both[0], momentum: both[1] });
    }
  }

  /** Publishes a version once it is on disk; returns the weights' SHA-256. */
  publish(version: number, weights: BothModels): Promise<{ policy: string; momentum: string }> {
    const { tracer } = this.#options;
    return tracer.span('publish', { attributes: { version } }, ({ traceparent }) =>
      this.#publishAs(version, weights, traceparent),
    );
  }

  async #publishAs(version: number, weights: BothModels, traceparent: string | null) {
    const { versions, publisher, gauges } = this.#options;
    const put = (role: Role) => versions.put(role, version, weights[role]);
    const [policy, momentum] = await Promise.all([put('policy'), put('momentum')]);
    const sha256 = { policy, momentum };
    const sent = (role: Role) =>
      this.#sent(role, { version, sha256: sha256[role], flat: weights[role] });
    publisher.publish({ policy: sent('policy'), momentum: sent('momentum') }, traceparent);
    gauges.published(version);
    return sha256;
  }

  #sent(
    role: Role,
    { version, sha256, flat }: { version: number; sha256: string; flat: Float32Array },
  ): WeightVersion {
    const { runId, epoch: learnerEpoch } = this.#options;
    const bytes = Buffer.from(bytesOf(flat).buffer, flat.byteOffset, flat.byteLength);
    return { role, version, learnerEpoch, runId, sha256, bytes };
  }
}
