import type { RunConfig } from '@mgrpo/config';
import { type ModelConfig, numParameters } from '@mgrpo/model';
import type { PeerSecurity, WeightTransfer, WeightVersion } from '@mgrpo/rpc';
import type { Logger, Metrics } from '@mgrpo/telemetry';
import { configHash, learnerAddress } from './join-run.ts';
import { workerName } from './machine.ts';
import { weightAddresses } from './weight-addresses.ts';
import { WeightFeed } from './weight-feed.ts';

/** What everyone measures who takes weights. */
export const feedMetrics = ['weightBytes', 'weightSeconds', 'weightSourceSwitches'] as const;

export interface OpenWeightFeedOptions {
  role: 'policy' | 'momentum';
  config: RunConfig;
  security: PeerSecurity;
  runId: string;
  model: ModelConfig;
  isRelay: boolean;
  /** `machineFingerprint` of this machine. */
  fingerprint: string;
  metrics: Metrics<(typeof feedMetrics)[number]>;
  log: Logger;
  onVersion(weights: WeightVersion): Promise<void>;
  onProgress?(transfer: WeightTransfer): void;
}

/** One role's weights from where the configuration says: relays, and the learner behind them. */
export function openWeightFeed(options: OpenWeightFeedOptions): WeightFeed {
  const { role, config, security, runId, model, isRelay, fingerprint } = options;
  const { metrics, log, onVersion, onProgress } = options;
  const { relays, staleMs, returnMs } = config.deployment.weights;
  const name = workerName();
  return new WeightFeed({
    addresses: weightAddresses(name, relays, learnerAddress(config)),
    security,
    subscriber: {
      role,
      name,
      fingerprint,
      configHash: configHash(config),
      isRelay,
    },
    runId,
    expectedBytes: numParameters(model) * 4,
    reconnectDelayMs: 200,
    staleMs,
    returnMs,
    log,
    onVersion,
    ...(onProgress === undefined ? {} : { onProgress }),
    onTransfer: (bytes, seconds) => {
      const labels = { role, direction: 'received' } as const;
      metrics.weightBytes.inc(labels, bytes);
      metrics.weightSeconds.observe(labels, seconds);
    },
    onSwitch: (reason) => metrics.weightSourceSwitches.inc({ role, reason }),
  });
}
