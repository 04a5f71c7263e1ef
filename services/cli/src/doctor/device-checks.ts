import type { RunConfig } from '@mgrpo/config';
import { messageOf } from '@mgrpo/errors';
import { largestOfGeneration, type ModelConfig } from '@mgrpo/model';
import {
  chooseDevice,
  type Device,
  type DeviceChoice,
  type DeviceNeeds,
  type DeviceSetting,
  devices,
} from '@mgrpo/runtime';
import { learnerNeeds } from '@mgrpo/training';
import type { Check } from './checks.ts';

/** A run whose devices are looked at: its configuration and the model that it names. */
export interface PlannedRun {
  readonly config: RunConfig;
  readonly model: ModelConfig;
}

interface Asked {
  readonly name: string;
  readonly setting: DeviceSetting;
  readonly needs: DeviceNeeds;
}

/** What rollouts and gradients would be computed on here, and why not on what `auto` would rather have. */
export async function deviceChecks(run: PlannedRun | null): Promise<Check[]> {
  const checks: Check[] = [];
  // One after the other: they would try the same device.
  for (const asked of askedOf(run)) checks.push(...(await deviceCheck(asked)));
  return checks;
}

/** Without a recipe: what this machine has. */
function askedOf(run: PlannedRun | null): Asked[] {
  if (run === null) return [{ name: 'device', setting: 'auto', needs: {} }];
  const { config, model } = run;
  const { slots } = config.deployment.rollout;
  const maxTokens = config.prompts.maxPromptTokens + config.sampling.maxResponseTokens;
  const rollout = {
    name: 'rollout.device',
    setting: config.rollout.device,
    needs: { largest: largestOfGeneration(model, { slots, maxTokens }) },
  };
  const learner = {
    name: 'learner.device',
    setting: config.learner.device,
    needs: learnerNeeds(config, model),
  };
  return config.rollout.engine === 'onnx' ? [rollout, learner] : [learner];
}

async function deviceCheck({ name, setting, needs }: Asked): Promise<Check[]> {
  try {
    const choice = await chooseDevice(setting, needs);
    const { device } = choice;
    return [
      { name, status: 'ok', found: setting === 'auto' ? `${device}, by auto` : device },
      ...devices
        .filter((other) => other !== device)
        .map((other): Check => {
          const found = `not taken: ${whyNot(other, setting, choice)}`;
          return { name: `  ${other}`, status: 'ok', found };
        }),
    ];
  } catch (error) {
    const remedy = 'mend that, or choose cpu or auto';
    return [{ name, status: 'failed', found: messageOf(error), remedy }];
  }
}

function whyNot(device: Device, setting: DeviceSetting, choice: DeviceChoice): string {
  if (setting !== 'auto') return `${setting} is asked for`;
  const tried = choice.passedOver.find((other) => other.device === device);
  return tried?.reason ?? `auto takes ${choice.device} before it`;
}
