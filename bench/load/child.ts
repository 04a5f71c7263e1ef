/** A process of a load: `node child.ts NAME JSON`. It ends when its parent does. */
import { runLearner } from './learner.ts';
import { runVoter } from './voter.ts';
import { runPublisher, runRelay, runSubscribers } from './weight-roles.ts';
import { runWorkers } from './workers.ts';

const roles: Readonly<Record<string, (argument: never) => Promise<void>>> = {
  workers: runWorkers,
  voter: runVoter,
  learner: runLearner,
  publisher: runPublisher,
  relay: runRelay,
  subscribers: runSubscribers,
};

const [name = '', argument = '{}'] = process.argv.slice(2);
process.on('disconnect', () => process.exit(0));
await roles[name]!(JSON.parse(argument) as never);
