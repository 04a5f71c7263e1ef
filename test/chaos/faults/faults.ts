import type { Fault } from '../fault.ts';
import { clockFaults } from './clock.ts';
import { diskFaults } from './disk.ts';
import { messageFaults } from './messages.ts';
import { networkFaults } from './network.ts';
import { processFaults } from './processes.ts';
import { redisFaults } from './redis.ts';
import { refusals } from './refusals.ts';

/** All that a run must survive to the same bits. */
export const faults: readonly Fault[] = [
  ...processFaults,
  ...redisFaults,
  ...networkFaults,
  ...messageFaults,
  ...diskFaults,
  ...clockFaults,
  ...refusals,
];
