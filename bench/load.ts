import { parseArgs } from 'node:util';
import { queueLoad } from './load/queue-load.ts';
import { weightLoad } from './load/weight-load.ts';

const help = `What the system carries without engines: simulated ones sleep for a GPU's time and return seeded rollouts.

  node bench/load.ts queue [options]     rollouts through queue, voter and learner intake
  node bench/load.ts weights [options]   a version's way to many subscribers that hash and discard

Prints one JSON line of results; queue also one line of progress every ten seconds, to stderr. Coordinator plan, queues,
payloads, voter, learner intake and weight streams are the services' own code; Redis is a private one.

queue:
  --workers 50           logical rollout workers of each role: jobs in hand at once
  --processes 4          processes that they share, at most 20
  --separate             each logical worker has connections of its own, as a pod has
  --prompts 32           B, prompts of an iteration
  --group 64             G, rollouts of a prompt, half of them of each role
  --chunk 8              rollouts of a job (deployment.rollout.rolloutsPerJob)
  --lag 1
  --tokens 3072          of a response
  --heavy-tail           log-normal lengths (median a quarter of --tokens, sigma 1) instead of equal ones
  --engine-ms 0          time of a response of --tokens tokens; a job takes that of its longest
  --step-ms 0            time of the learner's step
  --no-journal           batches are collected and checked but not written
  --no-append-only       Redis writes nothing to disk
  --bare                 the queue alone: no payloads, votes or batches
  --seconds 20           measured after --warm-up 5

weights:
  --mib 100              size of a version
  --subscribers 100      in --processes 4
  --relays 2,4           relays of each level, from the learner down; none: subscribers ask the learner
  --versions 1           measured after one that opens the connections
`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', default: false },
    workers: { type: 'string', default: '50' },
    processes: { type: 'string', default: '4' },
    separate: { type: 'boolean', default: false },
    prompts: { type: 'string', default: '32' },
    group: { type: 'string', default: '64' },
    chunk: { type: 'string', default: '8' },
    lag: { type: 'string', default: '1' },
    tokens: { type: 'string', default: '3072' },
    'heavy-tail': { type: 'boolean', default: false },
    'engine-ms': { type: 'string', default: '0' },
    'step-ms': { type: 'string', default: '0' },
    'no-journal': { type: 'boolean', default: false },
    'no-append-only': { type: 'boolean', default: false },
    bare: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '20' },
    'warm-up': { type: 'string', default: '5' },
    mib: { type: 'string', default: '100' },
    subscribers: { type: 'string', default: '100' },
    relays: { type: 'string', default: '' },
    versions: { type: 'string', default: '1' },
  },
});

function number(name: keyof typeof values, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const value = Number(values[name]);
  if (value >= least && value <= most) return value;
  console.error(`--${name} is ${values[name]}; it must be a number from ${least} to ${most}`);
  process.exit(2);
}

/** Three digits say enough. */
const rounded = (_key: string, value: unknown) =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(3)) : value;

async function queue(): Promise<object> {
  const settings = {
    workers: number('workers', 1, 100_000),
    processes: number('processes', 1, 20),
    separate: values.separate,
    prompts: number('prompts', 1),
    group: number('group', 2),
    chunk: number('chunk', 1),
    lag: number('lag', 0),
    tokens: number('tokens', 16),
    heavyTail: values['heavy-tail'],
    engineMs: number('engine-ms', 0),
    stepMs: number('step-ms', 0),
    journal: !values['no-journal'],
    appendOnly: !values['no-append-only'],
    bare: values.bare,
    seconds: number('seconds', 1),
    warmUpSeconds: number('warm-up', 0),
  };
  const { prompts, group, chunk, lag } = settings;
  const usefulWorkers = ((prompts * group) / chunk) * (lag + 1);
  const figures = await queueLoad(settings, (progress) =>
    console.error(JSON.stringify(progress, rounded)),
  );
  return { settings, usefulWorkers, ...figures };
}

async function weights(): Promise<object> {
  const settings = {
    mib: number('mib', 1),
    subscribers: number('subscribers', 1),
    relays: values.relays.split(',').filter(Boolean).map(Number),
    processes: number('processes', 1, 20),
    versions: number('versions', 1),
  };
  return { settings, ...(await weightLoad(settings)) };
}

const loads: Readonly<Record<string, () => Promise<object>>> = { queue, weights };
const load = loads[positionals[0] ?? ''];
if (values.help || load === undefined) {
  console.log(help);
  process.exit(values.help ? 0 : 2);
}
console.log(JSON.stringify(await load(), rounded));
