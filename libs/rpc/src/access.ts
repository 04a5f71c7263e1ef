import type { ServiceDefinition } from '@grpc/grpc-js';

/**
 * Who someone is: the service that it runs, a person at the command line (`operator`), or a scraper of metrics
 * (`monitoring`), which calls no method.
 */
export const accessRoles = [
  'coordinator',
  'learner',
  'policy-rollout',
  'momentum-rollout',
  'voter',
  'weight-relay',
  'operator',
  'monitoring',
] as const;

export type AccessRole = (typeof accessRoles)[number];

/** Who serves a contract, and who may call each of its methods. */
interface ContractAccess {
  readonly servedBy: readonly AccessRole[];
  readonly methods: Readonly<Record<string, readonly AccessRole[]>>;
  /** Those whose request names a model's role: a rollout worker may name its own alone, others any. */
  readonly forOwnRole?: readonly string[];
}

const services = [
  'coordinator',
  'learner',
  'policy-rollout',
  'momentum-rollout',
  'voter',
  'weight-relay',
] as const;
const workers = ['policy-rollout', 'momentum-rollout'] as const;

/** Every method of every contract; what is not in here is called by nobody. */
export const access: Readonly<Record<string, ContractAccess>> = {
  'mgrpo.v1.CoordinatorService': {
    servedBy: ['coordinator'],
    methods: {
      GetRun: ['operator'],
      GetStatus: ['operator'],
      WatchRun: ['operator'],
      PauseRun: ['operator'],
      ResumeRun: ['operator'],
      StopRun: ['operator'],
    },
  },
  'mgrpo.v1.LearnerService': {
    servedBy: ['learner'],
    methods: {
      // Everyone joins the run with it.
      GetState: [...services, 'operator'],
      // A relay hears from it which version is the newest.
      Watch: ['coordinator', 'weight-relay', 'operator'],
      AdmitWorker: workers,
      RecordEvaluation: ['coordinator'],
      Quarantine: ['coordinator'],
      CheckpointNow: ['operator'],
    },
    forOwnRole: ['AdmitWorker'],
  },
  'mgrpo.v1.WeightService': {
    servedBy: ['learner', 'weight-relay'],
    // A relay passes on what it has of both models.
    methods: { Subscribe: [...workers, 'weight-relay'], Fetch: [...workers, 'weight-relay'] },
    forOwnRole: ['Subscribe', 'Fetch'],
  },
  'mgrpo.v1.RolloutService': {
    servedBy: workers,
    methods: { Generate: ['operator'], GetStatus: ['operator'] },
  },
  'mgrpo.v1.VoterService': { servedBy: ['voter'], methods: { Vote: ['operator'] } },
};

/** Methods that need no identity: probes come from where no certificate is. */
const openMethods: ReadonlySet<string> = new Set([
  '/grpc.health.v1.Health/Check',
  '/grpc.health.v1.Health/List',
  '/grpc.health.v1.Health/Watch',
]);

/** Served in development only (`RpcServerOptions.reflection`); then to everyone who is someone. */
const reflectionMethod = /^\/grpc\.reflection\.v1(alpha)?\.ServerReflection\/ServerReflectionInfo$/;

/** Who may call the method at `path` (`/package.Service/Method`); nobody where the table has no such method. */
export function callersOf(path: string): 'anyone' | readonly AccessRole[] {
  if (openMethods.has(path)) return 'anyone';
  if (reflectionMethod.test(path)) return accessRoles;
  const [, contract = '', method = ''] = path.split('/');
  if (!Object.hasOwn(access, contract)) return [];
  const { methods } = access[contract]!;
  return Object.hasOwn(methods, method) ? methods[method]! : [];
}

/** The one model's role that `caller` may name to the method at `path`; null where it may name any, or there is none. */
export function ownRoleAt(path: string, caller: AccessRole): 'policy' | 'momentum' | null {
  const [, contract = '', method = ''] = path.split('/');
  if (!Object.hasOwn(access, contract)) return null;
  if (!access[contract]!.forOwnRole?.includes(method)) return null;
  if (caller === 'policy-rollout') return 'policy';
  return caller === 'momentum-rollout' ? 'momentum' : null;
}

/** Whose certificate a server of the contract has. */
export function serversOf(contract: ServiceDefinition): readonly AccessRole[] {
  const [, name = ''] = Object.values(contract)[0]?.path.split('/') ?? [];
  return access[name]?.servedBy ?? [];
}
