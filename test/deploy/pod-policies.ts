import type { Manifest } from './manifests.ts';

// biome-ignore lint/suspicious/noExplicitAny: validated by the schemas of validate.ts
type PodSpec = any;

/** The pod that an object makes, or undefined. */
export function podOf({ kind, spec }: Manifest): PodSpec | undefined {
  if (kind === 'Pod') return spec;
  return ['Deployment', 'StatefulSet', 'Job'].includes(kind) ? spec.template.spec : undefined;
}

/** Whether the pods are to run for as long as the run does, so that probes and disruption budgets make sense. */
export const isLasting = ({ kind }: Manifest) => kind === 'Deployment' || kind === 'StatefulSet';

const podRules: readonly (readonly [string, (pod: PodSpec) => boolean])[] = [
  [
    'runs as a user by number, not root',
    ({ securityContext: s }) => s?.runAsNonRoot === true && s.runAsUser > 0,
  ],
  [
    'has the runtime’s seccomp profile',
    ({ securityContext: s }) => s?.seccompProfile?.type === 'RuntimeDefault',
  ],
  ['gets no service-account token', (pod) => pod.automountServiceAccountToken === false],
  ['gets no variables of other services', (pod) => pod.enableServiceLinks === false],
  ['shares nothing with its node', (pod) => !pod.hostNetwork && !pod.hostPID && !pod.hostIPC],
  [
    'mounts no folder of its node',
    (pod) => !pod.volumes?.some((volume: PodSpec) => volume.hostPath),
  ],
  ['limits its temporary files', (pod) => everyEmptyDir(pod, (dir) => dir.sizeLimit !== undefined)],
];

const containerRules: readonly (readonly [string, (container: PodSpec) => boolean])[] = [
  ['has a read-only root', (each) => each.securityContext?.readOnlyRootFilesystem === true],
  ['gains no privilege', (each) => each.securityContext?.allowPrivilegeEscalation === false],
  ['has no capability', (each) => each.securityContext?.capabilities?.drop?.includes('ALL')],
  ['requests cpu and memory', ({ resources: r }) => r?.requests?.cpu && r.requests.memory],
  ['limits cpu and memory', ({ resources: r }) => r?.limits?.cpu && r.limits.memory],
  [
    'sets no secret by value',
    (each) =>
      !/password|token|:\/\/[^$]*@/i.test(
        JSON.stringify(each.env?.map((e: PodSpec) => e.value) ?? []),
      ),
  ],
];

const probes = ['startupProbe', 'readinessProbe', 'livenessProbe'];

/** `Deployment voter: rule` for every rule that the object's pods break. */
export function brokenRules(object: Manifest): string[] {
  const pod = podOf(object);
  if (pod === undefined) return [];
  const lasting: typeof containerRules = isLasting(object)
    ? probes.map((probe) => [`has a ${probe}`, (each) => each[probe] !== undefined] as const)
    : [];
  const broken = [
    ...podRules.filter(([, holds]) => !holds(pod)),
    ...pod.containers.flatMap((each: PodSpec) =>
      [...containerRules, ...lasting].filter(([, holds]) => !holds(each)),
    ),
  ];
  return broken.map(([rule]) => `${object.kind} ${object.metadata.name} breaks: ${rule}`);
}

function everyEmptyDir(pod: PodSpec, holds: (emptyDir: PodSpec) => boolean): boolean {
  return (pod.volumes ?? []).every(
    ({ emptyDir }: PodSpec) => emptyDir === undefined || holds(emptyDir),
  );
}
