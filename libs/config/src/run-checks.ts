import { methods, questionsPerIteration, rolloutCounts, stepsPerIteration } from '@mgrpo/algorithm';
import { MgrpoError } from '@mgrpo/errors';
import type { Complaint } from './resolve.ts';
import type { RunConfig } from './run-schema.ts';

/** What no single key shows: the combinations that can't work, each with the key to change. */
export function checkRunConfig(config: RunConfig): Complaint[] {
  return [
    ...checkAlgorithm(config),
    ...checkAdapter(config),
    ...checkLengths(config),
    ...checkLearner(config),
    ...checkPromptFormat(config),
    ...checkEvaluation(config),
    ...checkRollback(config),
    ...checkJobs(config),
    ...checkPorts(config),
    ...checkEngine(config),
    ...checkQuantisation(config),
    ...checkSecurity(config),
  ];
}

/** The algorithm knows its own rules; its error becomes a complaint about the key that it names first. */
function checkAlgorithm({ algorithm }: RunConfig): Complaint[] {
  const rules = [
    () => rolloutCounts(algorithm),
    () => questionsPerIteration(algorithm),
    () => stepsPerIteration(algorithm),
  ];
  return rules.flatMap((rule) => {
    try {
      rule();
      return [];
    } catch (error) {
      if (!(error instanceof MgrpoError)) throw error;
      const path = /algorithm\.[\w.]*\w/.exec(error.message)?.[0] ?? 'algorithm';
      return [{ path, message: error.message }];
    }
  });
}

function checkAdapter({ algorithm: { adapter }, deployment }: RunConfig): Complaint[] {
  if (adapter === null) return [];
  const complaints: Complaint[] = [];
  const twice = adapter.targets.find((target, i) => adapter.targets.indexOf(target) < i);
  if (twice !== undefined) {
    const path = 'algorithm.adapter.targets';
    complaints.push({ path, message: `${path} names ${twice} twice; name each layer once` });
  }
  if (deployment.learner.reference === 'disk') {
    const path = 'deployment.learner.reference';
    const message = `${path} disk saves nothing with algorithm.adapter, which trains on the initial weights in memory; leave it at memory`;
    complaints.push({ path, message });
  }
  return complaints;
}

function checkLengths({ prompts, sampling, learner }: RunConfig): Complaint[] {
  const longest = prompts.maxPromptTokens + sampling.maxResponseTokens;
  if (learner.microbatchTokens >= longest) return [];
  return [
    {
      path: 'learner.microbatchTokens',
      message:
        `learner.microbatchTokens ${learner.microbatchTokens} can't hold one sequence of ` +
        `prompts.maxPromptTokens ${prompts.maxPromptTokens} + sampling.maxResponseTokens ` +
        `${sampling.maxResponseTokens}; set it to ${longest} or more`,
    },
  ];
}

// What the chat template is given by us.
const chatVariables = ['messages', 'add_generation_prompt', 'tools', 'documents'];

function checkPromptFormat({ prompts }: RunConfig): Complaint[] {
  const { format, systemPrompt, templateVariables, tooLong } = prompts;
  const complaint = (key: string, what: string): Complaint => ({
    path: `prompts.${key}`,
    message: `prompts.${key} ${what}`,
  });
  const names = Object.keys(templateVariables);
  if (format === 'plain') {
    const remedy = 'is for prompts.format chat; set that, or write it into prompts.template';
    return [
      ...(systemPrompt === null ? [] : [complaint('systemPrompt', remedy)]),
      ...(names.length === 0 ? [] : [complaint('templateVariables', remedy)]),
    ];
  }
  const taken = names.filter((name) => chatVariables.includes(name));
  const cut =
    'truncate would cut the end of a chat, where the model is asked to answer; use reject';
  return [
    ...(tooLong === 'truncate' ? [complaint('tooLong', cut)] : []),
    ...taken.map((name) => complaint('templateVariables', `sets ${name}, which is ours to give`)),
  ];
}

function checkLearner({ learner }: RunConfig): Complaint[] {
  if (learner.compute === 'float16' && learner.device === 'cpu') {
    const message =
      'learner.compute float16 is for GPUs, and learner.device is cpu; ' +
      'set learner.compute float32, or learner.device webgpu, cuda or auto';
    return [{ path: 'learner.compute', message }];
  }
  if (learner.device === 'cpu' || learner.recompute !== 'layers') return [];
  const message =
    `learner.recompute layers runs on the CPU, not on learner.device ${learner.device}; ` +
    'set one of them to none or cpu';
  return [{ path: 'learner.recompute', message }];
}

function checkEvaluation({ evaluation }: RunConfig): Complaint[] {
  if (evaluation.temperature > 0 || evaluation.samples === 1) return [];
  return [
    {
      path: 'evaluation.samples',
      message:
        `evaluation.samples ${evaluation.samples} at evaluation.temperature 0 are equal to each ` +
        'other; use 1 sample or a temperature above 0',
    },
  ];
}

/** A rollback needs a checkpoint from before the suspicion, which is found a window and more after it began. */
function checkRollback({ collapse, checkpoint }: RunConfig): Complaint[] {
  const lookback = collapse.window + collapse.patience;
  const { everyIterations, keep } = checkpoint;
  const needed = Math.ceil(lookback / everyIterations) + 1;
  if (collapse.onCollapse !== 'rollback' || keep >= needed) return [];
  return [
    {
      path: 'checkpoint.keep',
      message:
        `checkpoint.keep ${keep} with checkpoint.everyIterations ${everyIterations} may lose the last ` +
        `checkpoint before a suspicion, which is found after ${lookback} iterations ` +
        `(collapse.window + collapse.patience); keep ${needed}`,
    },
  ];
}

function checkJobs({ deployment: { jobs } }: RunConfig): Complaint[] {
  if (jobs.stalledIntervalMs < jobs.lockDurationMs) return [];
  return [
    {
      path: 'deployment.jobs.stalledIntervalMs',
      message:
        `deployment.jobs.stalledIntervalMs ${jobs.stalledIntervalMs} must be less than ` +
        `deployment.jobs.lockDurationMs ${jobs.lockDurationMs}, or dead workers are found late`,
    },
  ];
}

const servers = [
  'coordinator',
  'learner',
  'voter',
  'policyRollout',
  'momentumRollout',
  'weightRelay',
] as const;

/** Services that have machines of their own, where the learner has an address, may all listen on the same ports. */
function checkPorts({ deployment }: RunConfig): Complaint[] {
  if (deployment.learner.address !== null) return [];
  const owners = new Map<string, string>();
  const complaints: Complaint[] = [];
  for (const server of servers) {
    for (const key of ['port', 'metricsPort'] as const) {
      const { host, [key]: port } = deployment[server];
      const path = `deployment.${server}.${key}`;
      const owner = owners.get(`${host}:${port}`);
      if (port !== 0 && owner !== undefined) {
        const message = `${path} ${port} is also ${owner}; give each its own, or 0 for any free port`;
        complaints.push({ path, message });
      }
      owners.set(`${host}:${port}`, path);
    }
  }
  return complaints;
}

/** What servers of another engine can't do, and what they need. */
function checkEngine({ rollout, algorithm, deployment }: RunConfig): Complaint[] {
  if (rollout.engine === 'onnx') return [];
  const complaints: Complaint[] = [];
  const { openai, workers } = deployment;
  if (methods[algorithm.method].needsSelfCertainty) {
    const message = `algorithm.method ${algorithm.method} needs self-certainties, which rollout.engine openai can't give: it knows the top logprobs only`;
    complaints.push({ path: 'rollout.engine', message });
  }
  const roles =
    rolloutCounts(algorithm).momentum > 0
      ? (['policy', 'momentum'] as const)
      : (['policy'] as const);
  for (const role of roles) {
    const path = `deployment.openai.${role}Urls`;
    if (openai[`${role}Urls`].length === 0) {
      const message = `${path} is empty; rollout.engine openai needs a server of the ${role} model`;
      complaints.push({ path, message });
    }
    if (workers[role] > 1) {
      const message = `deployment.workers.${role} ${workers[role]} would share the servers of ${path}, which take one worker's weights; use 1, which drives all of them`;
      complaints.push({ path: `deployment.workers.${role}`, message });
    }
  }
  const shared = openai.policyUrls.find((each) => openai.momentumUrls.includes(each));
  // On machines of their own, both roles may have a server beside them at the same address.
  if (shared !== undefined && deployment.learner.address === null) {
    const message = `deployment.openai.momentumUrls has ${shared}, which is a server of the policy; a server has one model's weights`;
    complaints.push({ path: 'deployment.openai.momentumUrls', message });
  }
  return complaints;
}

/** Rounded weights are a matter of our own engine on the CPU, and what they sample is off-policy. */
function checkQuantisation({ rollout, algorithm }: RunConfig): Complaint[] {
  const { engine, device, quantisation } = rollout;
  if (quantisation === null) return [];
  const complaint = (path: string, message: string): Complaint => ({ path, message });
  const path = 'rollout.quantisation';
  if (engine !== 'onnx') {
    return [
      complaint(
        path,
        `${path} rounds our own engine's weights, not those of rollout.engine ${engine}'s servers; set one to null or onnx`,
      ),
    ];
  }
  return [
    ...(device === 'cpu'
      ? []
      : [
          complaint(
            path,
            `${path} decodes on the CPU alone, and rollout.device is ${device}; set one to null or cpu`,
          ),
        ]),
    ...(algorithm.loss.importance === null
      ? [
          complaint(
            'algorithm.loss.importance',
            `algorithm.loss.importance is null, and rollouts by rounded weights (${path}) are not the policy's own; {} weighs their tokens, up to a cap of 2`,
          ),
        ]
      : []),
  ];
}

/** A certificate is of no use without its key, nor either without the authority that peers are checked by. */
function checkSecurity({ deployment: { security, redis } }: RunConfig): Complaint[] {
  const together = [
    { section: 'deployment.security', keys: ['ca', 'certificate', 'key'], of: security },
    { section: 'deployment.redis', keys: ['certificate', 'key'], of: redis },
  ];
  const complaints = together.flatMap(({ section, keys, of }) => {
    const values = of as Readonly<Record<string, unknown>>;
    const missing = keys.filter((key) => values[key] === null);
    if (missing.length === 0 || missing.length === keys.length) return [];
    const path = `${section}.${missing[0]}`;
    return [{ path, message: `${path} is missing; ${section} has ${keys.join(', ')} together` }];
  });
  return [...complaints, ...checkRedisAddress(redis)];
}

/** Who we are at a server means nothing to one that we start ourselves, nor do certificates on a plain connection. */
function checkRedisAddress(redis: RunConfig['deployment']['redis']): Complaint[] {
  const { url, username, passwordFile, ca, certificate } = redis;
  const given = { username, passwordFile, ca, certificate };
  const keys = Object.entries(given).flatMap(([key, value]) => (value === null ? [] : [key]));
  const needsTls = keys.find((key) => key === 'ca' || key === 'certificate');
  const [first] = keys;
  if (url === null && first !== undefined) {
    const path = `deployment.redis.${first}`;
    return [{ path, message: `${path} is of no use without deployment.redis.url; give both` }];
  }
  if (needsTls === undefined || url?.startsWith('rediss')) return [];
  const path = `deployment.redis.${needsTls}`;
  return [{ path, message: `${path} is for TLS; begin deployment.redis.url with rediss://` }];
}
