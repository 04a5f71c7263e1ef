import { loadRunConfig, type RunConfig } from '@mgrpo/config';
import { MgrpoError } from '@mgrpo/errors';
import { localInputs } from '@mgrpo/object-store';
import { setSettings, textSetting } from '../settings.ts';

export interface ServeFlags {
  readonly config: string;
  readonly run?: string;
  readonly redis?: string;
  readonly set: readonly string[];
}

type ServiceMain = (config: RunConfig, runFolder: string | undefined) => Promise<number>;

/** The one place where services are named: each is loaded by the process that becomes it. */
const services: Readonly<Record<string, () => Promise<ServiceMain>>> = {
  'policy-rollout': async () => (await import('@mgrpo/service-policy-rollout')).main,
  'momentum-rollout': async () => (await import('@mgrpo/service-momentum-rollout')).main,
  voter: async () => (await import('@mgrpo/service-voter')).main,
  'weight-relay': async () => (await import('@mgrpo/service-weight-relay')).main,
  coordinator: async () => (await import('@mgrpo/service-coordinator')).main,
  learner: async () => {
    const { main } = await import('@mgrpo/service-learner');
    return (config, runFolder) => main(config, requireRunFolder(runFolder));
  },
};

/** Becomes one service until a signal ends it; returns its exit code. */
export async function serve(service: string, flags: ServeFlags): Promise<number> {
  const load = Object.hasOwn(services, service) ? services[service] : undefined;
  if (load === undefined) {
    const names = Object.keys(services).join(', ');
    throw new MgrpoError('USAGE', `there is no service "${service}"; choose one of ${names}`);
  }
  const given = loadRunConfig({
    file: flags.config,
    environment: process.env,
    overrides: [
      ...textSetting('--redis', 'deployment.redis.url', flags.redis),
      ...setSettings(flags.set),
    ],
  });
  const tell = (message: string) => void process.stderr.write(`${message}\n`);
  const config = await localInputs(given, { env: process.env, tell });
  const main = await load();
  return await main(config, flags.run);
}

function requireRunFolder(runFolder: string | undefined): string {
  if (runFolder !== undefined) return runFolder;
  throw new MgrpoError(
    'USAGE',
    'the learner needs --run DIR, the folder in which it keeps the run',
  );
}
