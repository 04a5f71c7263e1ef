import { createHash } from 'node:crypto';
import { loadModelFolder, modelSha256 } from '@mgrpo/checkpoint';
import { runIdentity } from '@mgrpo/config';
import { dataSha256 } from '@mgrpo/datasets';
import { fingerprint } from '@mgrpo/runtime';
import type { PlannedTrial } from './study-plan.ts';
import type { StudyFile } from './study-schema.ts';

/** Hashes what trials depend on, reading every file once. */
export class TrialIdentities {
  readonly #contents = new Map<string, Promise<string>>();
  readonly #measure: StudyFile['measure'];

  constructor(measure: StudyFile['measure']) {
    this.#measure = measure;
  }

  /**
   * Hex sha256 of what a trial's numbers are a function of: configuration, weights, prompts, problems, how it is
   * measured, and this machine's CPU and runtimes. As with the id of a run, this program's version has no part in it.
   */
  async of({ config, problems }: PlannedTrial): Promise<string> {
    const identity = runIdentity(config, {
      model: await this.#hash(config.model.path, modelHash),
      trainPrompts: await this.#hash(config.prompts.train, dataSha256),
      // A trial is measured on `problems`; what a run would validate on has no part in it.
      validationPrompts: null,
    });
    const measure = { ...this.#measure, problems: await this.#hash(problems, dataSha256) };
    return sha256(JSON.stringify([identity, measure, await fingerprint()]));
  }

  #hash(path: string, hash: (path: string) => Promise<string>): Promise<string> {
    const known = this.#contents.get(path) ?? hash(path);
    this.#contents.set(path, known);
    return known;
  }
}

async function modelHash(path: string): Promise<string> {
  return await modelSha256(path, await loadModelFolder(path));
}

function sha256(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}
