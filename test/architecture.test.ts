import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { metricDefinitions } from '@mgrpo/telemetry';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

/** Lower layers first: a package imports only from layers before its own. */
const layers = [
  ['errors', 'faults'],
  ['algorithm', 'answers', 'onnx', 'charts'],
  ['model'],
  [
    'runtime',
    'tokenizer',
    'checkpoint',
    'datasets',
    'config',
    'telemetry',
    'rpc',
    'queues',
    'sandbox',
    'lease',
    'certificates',
    'retries',
  ],
  ['generation', 'training', 'benchmarks', 'object-store'],
  ['openai-engine'],
  ['service', 'study'],
];
const layerOf = new Map(layers.flatMap((names, layer) => names.map((name) => [name, layer])));

/** Outside packages that one library owns. */
const owners: readonly (readonly [RegExp, string])[] = [
  [/^onnxruntime-(node|common)$/, 'libs/runtime'],
  [/^(bullmq|ioredis)$/, 'libs/queues'],
  [/^(@grpc\/.*|grpc-health-check)$/, 'libs/rpc'],
  [/^aws4fetch$/, 'libs/object-store'],
  [/^(@opentelemetry\/.*|pino|prom-client)$/, 'libs/telemetry'],
];

/** Pure libraries, which neither wait nor touch the machine. */
const pure = ['libs/algorithm', 'libs/answers', 'libs/onnx', 'libs/model', 'libs/charts'];

interface SourceFile {
  /** From the root, with /. */
  readonly path: string;
  /** `libs/config`, `services/cli`. */
  readonly folder: string;
  readonly isTest: boolean;
  readonly numLines: number;
  readonly imports: readonly string[];
}

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      return ['node_modules', 'gen'].includes(entry.name) ? [] : sourceFiles(path);
    }
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  const pattern = /(?:from|import)\s*\(?\s*'([^']+)'/g;
  return {
    path,
    folder: path.split('/').slice(0, 2).join('/'),
    isTest: /\.(test|fixture)\.ts$|testing\.ts$/.test(path),
    numLines: text.split('\n').length - 1,
    imports: [...text.matchAll(pattern)].map((match) => match[1]!),
  };
}

const files = ['libs', 'services', 'bench', 'test'].flatMap(sourceFiles).map(readSource);
const libraryOf = (name: string) => /^@mgrpo\/([a-z-]+)$/.exec(name)?.[1];

/** `path → import` of every import for which the rule holds. */
function offenders(breaks: (file: SourceFile, name: string) => boolean): string[] {
  return files.flatMap((file) =>
    file.imports.filter((name) => breaks(file, name)).map((name) => `${file.path} → ${name}`),
  );
}

test('every library has a layer', () => {
  const libraries = readdirSync(join(root, 'libs'));
  expect(libraries.filter((name) => !layerOf.has(name))).toEqual([]);
});

test('imports between libraries go down only', () => {
  const wrong = offenders(({ folder, isTest }, name) => {
    const [top, own] = folder.split('/');
    const other = libraryOf(name);
    if (top !== 'libs' || isTest || other === undefined || other === own) return false;
    return !(layerOf.get(other)! < layerOf.get(own!)!);
  });
  expect(wrong).toEqual([]);
});

test('libraries never import services', () => {
  expect(
    offenders(
      ({ folder }, name) => folder.startsWith('libs/') && name.startsWith('@mgrpo/service-'),
    ),
  ).toEqual([]);
});

test('services never import each other, but the command line starts each of them', () => {
  const wrong = offenders(
    ({ folder, path }, name) =>
      folder.startsWith('services/') &&
      name.startsWith('@mgrpo/service-') &&
      path !== 'services/cli/src/commands/serve.ts',
  );
  expect(wrong).toEqual([]);
});

test('relative imports stay inside their package', () => {
  const wrong = offenders(({ path, folder }, name) => {
    if (!name.startsWith('.') || !/^(libs|services)\//.test(path)) return false;
    const target = relative(root, resolve(root, dirname(path), name));
    return !target.startsWith(`${folder}/`);
  });
  expect(wrong).toEqual([]);
});

test.each(owners)('%s is imported by %s alone', (pattern, owner) => {
  expect(offenders(({ folder }, name) => pattern.test(name) && folder !== owner)).toEqual([]);
});

test('pure libraries import nothing that waits or touches the machine', () => {
  const wrong = offenders(
    ({ folder, isTest }, name) => pure.includes(folder) && !isTest && name.startsWith('node:'),
  );
  expect(wrong).toEqual([]);
});

test('the environment is read at the edges only', () => {
  const readers = files
    .filter(({ path, isTest }) => path.startsWith('libs/') && !isTest)
    .filter(({ path }) => readFileSync(join(root, path), 'utf8').includes('process.env'))
    .map(({ path }) => path);
  // apt-get is given the environment of the process as it is.
  // The chaos test arms fault points in services that it starts.
  expect(readers).toEqual(['libs/faults/src/index.ts', 'libs/queues/src/redis-install.ts']);
});

test('every metric is exported by a service', () => {
  const text = files
    .filter(({ path }) => /^(services|libs\/service)\//.test(path))
    .map(({ path }) => readFileSync(join(root, path), 'utf8'))
    .join();
  const unused = Object.keys(metricDefinitions).filter((name) => !text.includes(`'${name}'`));
  expect(unused).toEqual([]);
});

test('no file is longer than 400 lines', () => {
  expect(files.filter(({ numLines }) => numLines > 400).map(({ path }) => path)).toEqual([]);
});
