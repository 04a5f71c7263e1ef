import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readModelConfig } from '@mgrpo/checkpoint';
import type { RunConfig } from '@mgrpo/config';
import { MgrpoError } from '@mgrpo/errors';
import { GenerationEngine, probeRounded, type RolloutEngine } from '@mgrpo/generation';
import { largestOfGeneration, type ModelConfig } from '@mgrpo/model';
import { ApiClient, checkServer, OpenAiEngine, type ServerFinding } from '@mgrpo/openai-engine';
import { chooseDevice } from '@mgrpo/runtime';
import type { Logger } from '@mgrpo/telemetry';
import type { Tokenizer } from '@mgrpo/tokenizer';
import { deviceFields } from './machine.ts';

export interface RolloutEngineOptions {
  readonly role: 'policy' | 'momentum';
  readonly runId: string;
  readonly model: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly stopTokenIds: readonly number[];
  readonly env: NodeJS.ProcessEnv;
  readonly log: Logger;
  /** Asks the learner to let a worker in that generates on `device`, before the engine is opened. */
  admit(device: string): Promise<void>;
  /** Tells a person of servers that are not there yet. */
  notice(message: string): void;
}

/** The engine that the configuration names, and what it runs on. */
export async function openRolloutEngine(
  config: RunConfig,
  options: RolloutEngineOptions,
): Promise<{ engine: RolloutEngine; device: string }> {
  const { model, tokenizer, admit, log } = options;
  if (config.rollout.engine === 'openai') {
    const device = `${config.deployment.openai.kind} servers`;
    await admit(device);
    return { engine: await openOpenAiEngine(config, options), device };
  }
  const { slots } = config.deployment.rollout;
  const maxTokens = config.prompts.maxPromptTokens + config.sampling.maxResponseTokens;
  const largest = largestOfGeneration(model, { slots, maxTokens });
  const choice = await chooseDevice(config.rollout.device, { largest });
  log.info(deviceFields(choice), 'device');
  const { quantisation } = config.rollout;
  // Rounded weights have kernels of their own, which may differ where those of float32 do not.
  const device =
    quantisation === null
      ? choice.identity
      : `${choice.identity} ${quantisation.bits}-bit ${await probeRounded(quantisation)}`;
  await admit(device);
  const engine = await GenerationEngine.start({
    model,
    slots,
    device: choice.device,
    numTokens: tokenizer.vocabSize,
    quantisation,
  });
  return { engine, device };
}

async function openOpenAiEngine(
  config: RunConfig,
  options: RolloutEngineOptions,
): Promise<OpenAiEngine> {
  const { role, runId, model, tokenizer, stopTokenIds, env, notice } = options;
  const { openai } = config.deployment;
  const findings = await checkEngineServers(config, role, tokenizer, env);
  const wrong = findings.find(({ kind }) => kind === 'wrong');
  if (wrong !== undefined) throw new MgrpoError('INCOMPATIBLE', wrong.message);
  for (const { message } of findings) notice(`${message}; jobs wait for it`);
  // Workers of several hosts may share the folder.
  const own = `${runId}/${role}-${hostname()}`;
  const shared = openai.weightsFolder ?? join(tmpdir(), 'mgrpo-weights');
  const { attempts, deadlineMs } = openai;
  return await OpenAiEngine.start({
    model,
    configJson: (await readModelConfig(config.model.path)).configJson,
    tokenizerFolder: config.model.path,
    urls: openai[`${role}Urls`],
    servedModel: openai.model,
    dialect: openai.kind,
    ...apiKeyOf(config, env),
    topLogprobs: config.rollout.topLogprobs,
    concurrency: openai.concurrency,
    retries: { attempts, deadlineMs, firstPauseMs: 200, maxPauseMs: 10_000 },
    requestMs: openai.requestMs,
    reloadMs: openai.reloadMs,
    maxAnswerBytes: openai.maxAnswerBytes,
    folder: join(shared, own),
    folderOnServer: `${openai.weightsFolderOnServer ?? shared}/${own}`,
    keepFolders: config.lag + 2,
    probePrompt: Int32Array.from({ length: 8 }, (_, i) => i % tokenizer.vocabSize),
    probeSampling: { ...config.sampling, stopTokenIds },
    ownProbe: openai.probe === 'own-engine',
    tolerance: openai.probeTolerance,
  });
}

/** Long enough for letters, digits, signs and spaces, which tokenizers take differently. */
const sampleText = 'What is 12 + 30? The answer is \\boxed{42}.\n';

/** What stands against the servers of a role: not there, another model, too short. */
export async function checkEngineServers(
  config: RunConfig,
  role: 'policy' | 'momentum',
  tokenizer: Tokenizer,
  env: NodeJS.ProcessEnv,
): Promise<ServerFinding[]> {
  const { openai, deadlines } = config.deployment;
  const expected = {
    servedModel: openai.model,
    maxTokens: config.prompts.maxPromptTokens + config.sampling.maxResponseTokens,
    sample: { text: sampleText, tokens: [...tokenizer.encode(sampleText)] },
    timeoutMs: deadlines.rpcMs,
  };
  const { maxAnswerBytes } = openai;
  const findings = openai[`${role}Urls`].map((url) =>
    checkServer(new ApiClient({ url, ...apiKeyOf(config, env), maxAnswerBytes }), expected),
  );
  return (await Promise.all(findings)).flat();
}

function apiKeyOf({ deployment: { openai } }: RunConfig, env: NodeJS.ProcessEnv) {
  const { apiKeyVariable } = openai;
  if (apiKeyVariable === null) return { apiKey: null, apiKeyVariable };
  const apiKey = env[apiKeyVariable];
  if (apiKey !== undefined && apiKey !== '') return { apiKey, apiKeyVariable };
  throw new MgrpoError(
    'INVALID_CONFIG',
    `the environment variable ${apiKeyVariable} (deployment.openai.apiKeyVariable) is not set; set it to the servers' API key`,
  );
}
