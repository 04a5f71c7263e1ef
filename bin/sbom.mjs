// The software bill of materials: every package of pnpm-lock.yaml with version and checksum, as CycloneDX 1.6 JSON on
// stdout. The lock file's own form is simple enough that no package is needed to read it, so this runs anywhere.
import { readFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const { name, version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const lock = readFileSync(new URL('pnpm-lock.yaml', root), 'utf8');

// "packages:" up to the next top-level key; each entry is NAME@VERSION and, below it, its integrity.
const section = /^packages:\n([\s\S]*?)^\S/m.exec(`${lock}\nend:`)?.[1] ?? '';
const components = section
  .split(/^ {2}(?=\S)/m)
  .filter((entry) => entry.trim() !== '')
  .map((entry) => {
    const [, packageName, packageVersion] = /^'?(@?[^@']+)@([^':]+)'?:/.exec(entry) ?? [];
    const [, algorithm, digest] = /integrity: (sha\d+)-([A-Za-z0-9+/=]+)/.exec(entry) ?? [];
    if (packageName === undefined) throw new Error(`pnpm-lock.yaml: can't read "${entry}"`);
    const content = Buffer.from(digest ?? '', 'base64').toString('hex');
    return {
      type: 'library',
      name: packageName,
      version: packageVersion,
      purl: `pkg:npm/${packageName.replace('@', '%40')}@${packageVersion}`,
      ...(algorithm && {
        hashes: [{ alg: algorithm.replace('sha', 'SHA-').toUpperCase(), content }],
      }),
    };
  });

const bill = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  version: 1,
  metadata: { component: { type: 'application', name, version } },
  components,
};
process.stdout.write(`${JSON.stringify(bill, null, 2)}\n`);
