import type { RunFolder } from '@mgrpo/checkpoint';
import { MgrpoError } from '@mgrpo/errors';

type Role = 'policy' | 'momentum' | 'learner';

/**
 * The device that each role computes on, settled by its first worker and kept in the manifest.
 *
 * Devices round differently, so rollouts of one role on two kinds of devices would depend on who took which job, and
 * weights on where the learner was started again.
 */
export class RoleDevices {
  readonly #folder: RunFolder;
  #last: Promise<void> = Promise.resolve();

  constructor(folder: RunFolder) {
    this.#folder = folder;
  }

  /** @throws MgrpoError INCOMPATIBLE when the role's results are made on another device */
  admit(role: Role, worker: string, device: string): Promise<void> {
    // One after the other: of two first workers, one is the first.
    const admitted = this.#last.then(() => this.#admit(role, worker, device));
    this.#last = admitted.catch(() => {});
    return admitted;
  }

  async #admit(role: Role, worker: string, device: string): Promise<void> {
    const devices = (this.#folder.manifest.devices ?? {}) as Readonly<Record<string, string>>;
    const settled = devices[role];
    if (settled === device) return;
    if (settled === undefined) {
      await this.#folder.addToManifest({ devices: { ...devices, [role]: device } });
      return;
    }
    throw new MgrpoError(
      'INCOMPATIBLE',
      `${worker} computes on "${device}", but the ${role === 'learner' ? 'steps' : `${role} rollouts`} of this run are made on "${settled}" and would have other bits there; run the workers of a role on equal devices with equal drivers`,
    );
  }
}
