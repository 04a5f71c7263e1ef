import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { configurationReference } from './reference.ts';

test('docs/configuration.md is what the schema says; `npm test -- libs/config -u` writes it', async () => {
  const page = fileURLToPath(new URL('../../../docs/configuration.md', import.meta.url));
  await expect(configurationReference()).toMatchFileSnapshot(page);
});
