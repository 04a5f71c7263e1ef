import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { metricsPage } from './metrics-page.ts';

test('docs/metrics.md is what the table says; `npm test -- libs/telemetry -u` writes it', async () => {
  const page = fileURLToPath(new URL('../../../docs/metrics.md', import.meta.url));
  await expect(metricsPage()).toMatchFileSnapshot(page);
});
