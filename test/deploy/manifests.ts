import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

export const deployFolder = join(import.meta.dirname, '../../deploy');

/** The services of a run, each a Deployment. */
export const serviceNames = [
  'policy-rollout',
  'momentum-rollout',
  'voter',
  'coordinator',
  'learner',
];

/** A Kubernetes object as it stands in YAML. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  // biome-ignore lint/suspicious/noExplicitAny: the validators, not the compiler, know what each kind holds
  readonly spec?: any;
  readonly data?: Readonly<Record<string, string>>;
}

export function manifestsOf(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((object) => object !== null);
}

/** What a kustomization names: other folders and files, relative to its own folder. */
export interface Kustomization {
  readonly folder: string;
  readonly resources: readonly string[];
  readonly components: readonly string[];
  readonly patchFiles: readonly string[];
  readonly generatorFiles: readonly string[];
}

interface Generator {
  files?: string[];
  envs?: string[];
}

/** Every kustomization under `deploy/`, folders from there. */
export function kustomizations(): Kustomization[] {
  return filesUnder('.')
    .filter((file) => file.endsWith('/kustomization.yaml'))
    .map((file) => {
      const content = parse(readFileSync(join(deployFolder, file), 'utf8'));
      const generators: Generator[] = content.configMapGenerator ?? [];
      const patches: { path?: string }[] = content.patches ?? [];
      return {
        folder: file.slice(0, -'/kustomization.yaml'.length),
        resources: content.resources ?? [],
        components: content.components ?? [],
        patchFiles: patches.flatMap(({ path }) => path ?? []),
        generatorFiles: generators.flatMap(({ files = [], envs = [] }) =>
          [...files, ...envs].map((entry) => entry.replace(/^[^=]+=/, '')),
        ),
      };
    });
}

/** Files below a folder of `deploy/`, as paths from there. */
export function filesUnder(folder: string): string[] {
  return readdirSync(join(deployFolder, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(deployFolder, join(entry.parentPath, entry.name)));
}

/** The command that renders a kustomization here, or null: components need kubectl 1.21 or kustomize 3.7. */
export const renderer: readonly string[] | null = [
  ['kubectl', 'kustomize'],
  ['kustomize', 'build'],
].reduce<readonly string[] | null>((found, command) => {
  return found ?? (canRender(command) ? command : null);
}, null);

function canRender(command: readonly string[]): boolean {
  try {
    run(command, 'base');
    return true;
  } catch {
    return false;
  }
}

function run([program, verb]: readonly string[], folder: string): Manifest[] {
  const options = { encoding: 'utf8', timeout: 30_000, stdio: 'pipe' } as const;
  return manifestsOf(execFileSync(program!, [verb!, join(deployFolder, folder)], options));
}

/** The objects of a kustomization of `deploy/`. */
export function render(folder: string): Manifest[] {
  return run(renderer!, folder);
}

/** The objects of the base with components, which no overlay need have together. */
export function renderWith(components: readonly string[]): Manifest[] {
  const folder = mkdtempSync(join(tmpdir(), 'mgrpo-kustomize-'));
  const path = (name: string) => relative(folder, join(deployFolder, name));
  const content = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    namespace: 'test',
    resources: [path('base')],
    components: components.map((name) => path(`components/${name}`)),
  };
  try {
    writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(content));
    return run(renderer!, relative(deployFolder, folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
