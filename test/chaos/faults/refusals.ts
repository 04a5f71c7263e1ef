import type { Cluster } from '../cluster.ts';
import type { Fault } from '../fault.ts';

/** Node's arguments that make a process believe in another machine. */
const lie = (code: string) => ['--import', `data:text/javascript,${encodeURIComponent(code)}`];

const otherCpu = lie(
  `import os from 'node:os'; import { syncBuiltinESMExports } from 'node:module';
   os.cpus = () => [{ model: 'another CPU', speed: 1, times: {} }]; syncBuiltinESMExports();`,
);

const otherNode = lie(
  `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '24.0.1' } });`,
);

/** A worker whose bits would differ is told so and never gets weights. */
function refusal(name: string, nodeArgs: readonly string[]): Fault {
  return {
    name,
    kind: 'refusal',
    strike: async (cluster: Cluster) => {
      const foreign = 'policy-rollout-9';
      await cluster.start(foreign, { nodeArgs });
      const failure = await cluster.expectFailure(foreign, () => {});
      if (failure.code !== 'INCOMPATIBLE') throw failure;
    },
  };
}

export const refusals: readonly Fault[] = [
  refusal('worker-of-another-cpu', otherCpu),
  refusal('worker-of-another-node', otherNode),
];
