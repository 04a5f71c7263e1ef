import { createHash } from 'node:crypto';
import { type RunConfig, runIdentity } from '@mgrpo/config';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import {
  connect,
  contracts,
  type LearnerState__Output,
  type PeerSecurity,
  softwareVersion,
  unary,
  wireRole,
} from '@mgrpo/rpc';
import { workerName } from './machine.ts';

/**
 * What a service's configuration must have in common with the learner's: everything but where things are.
 *
 * Contents of files are left out, since a worker has no use for the weights' hash; the learner's run id has them.
 */
export function configHash(config: RunConfig): string {
  const identity = runIdentity(config, { model: '', trainPrompts: '', validationPrompts: null });
  return createHash('sha256').update(identity).digest('hex');
}

/** host:port of the learner. */
export function learnerAddress(config: RunConfig): string {
  return requireAddress(config, 'learner');
}

/** @throws MgrpoError INVALID_CONFIG when the configuration does not say where the service is. */
export function requireAddress(config: RunConfig, service: 'learner' | 'coordinator'): string {
  const { address, host, port } = config.deployment[service];
  if (address !== null) return address;
  if (port !== 0) return `${host}:${port}`;
  throw new MgrpoError(
    'INVALID_CONFIG',
    `deployment.${service}.address is not set; give the host:port at which the ${service} is reached`,
  );
}

/**
 * Waits for the learner and checks that it runs the same configuration and version.
 *
 * @throws MgrpoError INCOMPATIBLE when it does not, or is of another minor version, DEADLINE when it can't be reached in time.
 */
export async function joinRun(
  config: RunConfig,
  security: PeerSecurity,
): Promise<LearnerState__Output> {
  const target = `learner at ${learnerAddress(config)}`;
  const client = connect(contracts.LearnerService, learnerAddress(config), security);
  const request = { configHash: configHash(config), version: softwareVersion };
  const ask = (limits: { deadlineMs: number; waitForReady?: boolean }) =>
    unary<LearnerState__Output>(target, (...call) => client.getState(request, ...call), limits);
  try {
    return await ask({ deadlineMs: config.deployment.deadlines.startMs, waitForReady: true });
  } catch (error) {
    if (!(error instanceof MgrpoError && error.code === 'DEADLINE')) throw error;
    // A wait that ends says nothing of its reason: a learner that is down, or one that refuses our certificate.
    const reason = await ask({ deadlineMs: 1000 }).then(() => 'it answers now', messageOf);
    throw new MgrpoError('DEADLINE', `could not join the run in time: ${reason}`, { cause: error });
  } finally {
    client.close();
  }
}

/**
 * Asks the learner to let a rollout worker of `role` in.
 *
 * @param device what it generates on, as `DeviceChoice.identity` says it
 * @throws MgrpoError INCOMPATIBLE when the role's rollouts are made on another device
 */
export async function admitWorker(
  config: RunConfig,
  security: PeerSecurity,
  { role, device }: { role: 'policy' | 'momentum'; device: string },
): Promise<void> {
  const address = learnerAddress(config);
  const client = connect(contracts.LearnerService, address, security);
  const request = { role: wireRole[role], worker: workerName(), device };
  try {
    await unary(`learner at ${address}`, (...call) => client.admitWorker(request, ...call), {
      deadlineMs: config.deployment.deadlines.startMs,
      waitForReady: true,
    });
  } finally {
    client.close();
  }
}
