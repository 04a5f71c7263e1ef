import { z } from 'zod';
import { openAiSchema } from './engine-schema.ts';
import { integer, milliseconds, path, port } from './keys.ts';
import { securitySchema } from './security-schema.ts';
import { storeSchema } from './store-schema.ts';

/** host:port */
const address = z.string().regex(/^[^\s/]+:\d+$/);

/** Where one service listens, and where the others find it. */
function listenKeys(service: string) {
  return {
    host: z.string().min(1).default('127.0.0.1').describe('interface to listen on'),
    port: port.default(0).describe('gRPC port; 0 takes any free one'),
    metricsPort: port
      .default(0)
      .describe('HTTP port of /metrics, /healthz and /readyz; 0 takes any free one'),
    address: address
      .nullable()
      .default(null)
      .describe(
        `host:port at which others reach the ${service}; null where \`mgrpo train\` starts it and knows`,
      ),
  };
}

function listenSchema(service: string) {
  return z.strictObject(listenKeys(service)).prefault({}).describe(`the ${service}`);
}

const learner = z
  .strictObject({
    ...listenKeys('learner'),
    reference: z
      .enum(['memory', 'disk'])
      .default('memory')
      .describe(
        'where the initial weights of the KL reference `initial` are: in memory, or in the folder `model.path`, from which each step reads them, for 4 bytes less memory for each parameter',
      ),
  })
  .prefault({})
  .describe('the learner');

const workers = z
  .strictObject({
    policy: integer(1, 1024).default(1).describe('policy-rollout processes'),
    momentum: integer(1, 1024)
      .default(1)
      .describe('momentum-rollout processes; a method without momentum rollouts has none'),
    voter: integer(1, 1024).default(1).describe('voter processes'),
    relay: integer(0, 64)
      .default(0)
      .describe('weight-relay processes, which rollout workers then take their weights from'),
  })
  .prefault({})
  .describe('how many processes of each service `mgrpo train` starts');

const redis = z
  .strictObject({
    url: z
      .string()
      .regex(/^(rediss?(\+sentinel)?|unix):\/\/./)
      .nullable()
      .default(null)
      .describe(
        'redis://, rediss:// or unix:// address of a Redis or Valkey server, or redis+sentinel://HOST:PORT,HOST:PORT/MASTER of its Sentinels; null starts a private one',
      ),
    username: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('user of the server’s access list; {role} in it is the role of the service'),
    passwordFile: path
      .nullable()
      .default(null)
      .describe('file with the password, where the address holds none; {role} as above'),
    ca: path
      .nullable()
      .default(null)
      .describe('PEM of the authority of a rediss:// server; null: the authorities of the system'),
    certificate: path
      .nullable()
      .default(null)
      .describe('PEM certificate for a rediss:// server that asks for one; {role} as above'),
    key: path.nullable().default(null).describe('PEM key of the certificate; {role} as above'),
    prefix: z
      .string()
      .regex(/^\{[\w.-]+\}$/)
      .default('{mgrpo}')
      .describe('prefix of all queue keys, a hash tag so that a cluster keeps them in one slot'),
  })
  .prefault({})
  .describe('the message queue');

const rollout = z
  .strictObject({
    slots: integer(1, 4096)
      .default(64)
      .describe('rollouts that one engine decodes at the same time'),
    rolloutsPerJob: integer(1, 4096)
      .default(32)
      .describe('rollouts of one prompt and role that one job generates'),
  })
  .prefault({})
  .describe('rollout workers; neither key changes a result');

const weights = z
  .strictObject({
    relays: z
      .array(address)
      .max(256)
      .default([])
      .describe(
        'host:port of weight relays, of which each worker takes two by a hash of its name, before the learner; ' +
          'for a relay: those that it takes from itself',
      ),
    staleMs: milliseconds
      .default(3000)
      .describe(
        'a relay that is away, or does not send what should come, for so long gives way to the next source (ms)',
      ),
    returnMs: milliseconds
      .default(30_000)
      .describe('pause before the relay given up is asked whether it has the weights again (ms)'),
  })
  .prefault({})
  .describe('where rollout workers and relays take weights from');

const jobs = z
  .strictObject({
    lockDurationMs: milliseconds
      .default(2000)
      .describe('a job whose worker has been silent for so long is given to another (ms)'),
    stalledIntervalMs: milliseconds
      .default(1000)
      .describe('how often workers look for such jobs (ms)'),
    maxStalledCount: integer(3)
      .default(10)
      .describe('how often a job may be taken over before it fails'),
    attempts: integer(1).default(5).describe('how often a job that throws is tried'),
  })
  .prefault({})
  .describe('the queue’s recovery');

const deadlines = z
  .strictObject({
    startMs: milliseconds.default(60_000).describe('from start to ready, each service (ms)'),
    rpcMs: milliseconds.default(10_000).describe('one short call between services (ms)'),
    weightsMs: milliseconds.default(300_000).describe('sending one weight version (ms)'),
    // Not to be taken for a hang: 32 responses of some thousand tokens take a processor most of an hour.
    jobMs: milliseconds
      .default(3_600_000)
      .describe('waiting for weights in one job, and running it (ms)'),
    iterationMs: milliseconds
      .default(3_600_000)
      .describe(
        'from adding the jobs of an iteration or evaluation to the end of the last one, before they are built anew; also for the learner’s job, which waits for the iterations before it (ms)',
      ),
    redisMs: milliseconds
      .default(5000)
      .describe(
        'Redis owing an answer before the connection is opened anew; 10 s more where a worker waits for jobs (ms)',
      ),
    fetchMs: milliseconds
      .default(15_000)
      .describe('jobs waiting and none fetched before a worker opens its queue anew (ms)'),
    outageMs: milliseconds
      .default(600_000)
      .describe('the learner or Redis being away before the coordinator gives the run up (ms)'),
    drainMs: milliseconds
      .default(4000)
      .describe('from SIGTERM to exit: calls and jobs under way may end (ms)'),
  })
  .prefault({})
  .describe('what takes longer has failed');

const lease = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/)
      .nullable()
      .default(null)
      .describe(
        'on Kubernetes: the learner and the coordinator each hold the Lease of this name with -learner or -coordinator behind it, and wait while another holds it; null takes none',
      ),
    durationSeconds: integer(3, 3600)
      .default(15)
      .describe('a Lease that its holder did not renew for so long is another’s (s)'),
    apiServer: z
      .string()
      .regex(/^[^\s/]+:\d+$/)
      .default('kubernetes.default.svc:443')
      .describe('host:port of the cluster’s API server, as pods reach it'),
    account: path
      .default('/var/run/secrets/kubernetes.io/serviceaccount')
      .describe(
        'folder with token, ca.crt and namespace of the pod’s service account, which may get, create and update Leases',
      ),
  })
  .prefault({})
  .describe('what keeps a second learner or coordinator from working');

const tracing = z
  .strictObject({
    endpoint: z
      .string()
      // A password here would stand in config.json; OTEL_EXPORTER_OTLP_HEADERS takes credentials.
      .regex(/^https?:\/\/[^\s/@?#]+(\/[^\s@?#]*)?$/)
      .nullable()
      .default(null)
      .describe(
        'base URL of an OTLP/HTTP receiver of traces, such as http://localhost:4318; null records none',
      ),
    sampleRatio: z
      .number()
      .min(0)
      .max(1)
      .default(1)
      .describe('share of the iterations and evaluations whose traces are recorded'),
  })
  .prefault({})
  .describe('OpenTelemetry: one trace for each iteration and evaluation');

/** Where and how a run is executed. Nothing in here changes a result, so it is no part of the run's identity. */
export const deploymentSchema = z
  .strictObject({
    workers,
    redis,
    coordinator: listenSchema('coordinator'),
    learner,
    voter: listenSchema('voter'),
    policyRollout: listenSchema('policy-rollout service'),
    momentumRollout: listenSchema('momentum-rollout service'),
    weightRelay: listenSchema('weight relay'),
    weights,
    rollout,
    openai: openAiSchema,
    jobs,
    deadlines,
    lease,
    store: storeSchema,
    security: securitySchema,
    tracing,
    reflection: z
      .boolean()
      .default(false)
      .describe('lets gRPC tools ask services for their contracts; for development'),
    logLevel: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
      .default('info')
      .describe('least severe event that services log'),
  })
  .prefault({})
  .describe('where and how the run is executed; no key in here changes a result');
