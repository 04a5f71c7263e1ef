import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadModelFolder } from '@mgrpo/checkpoint';
import { expect, test } from 'vitest';
import { weightFeeds } from './model-feeds.ts';
import { Scorer } from './scorer.ts';

/** A trained Llama with logits computed in float64 by other code; not part of the repository. */
const folder = fileURLToPath(new URL('../../../../shared/models/stories260K', import.meta.url));

interface Reference {
  readonly cases: readonly { readonly ids: number[]; readonly last_logits: number[] }[];
  readonly greedy: { readonly ids: number[] };
}

test.skipIf(!existsSync(folder))(
  'a trained Llama has its reference logits and greedy tokens (skipped without ../shared/models)',
  async () => {
    const reference = JSON.parse(
      readFileSync(`${folder}/reference_logits.json`, 'utf8'),
    ) as Reference;
    const { config, weights } = await loadModelFolder(folder);
    const scorer = await Scorer.open(config);
    const feeds = weightFeeds(config, weights);
    const lastLogits = (ids: readonly number[]) =>
      scorer.logits(feeds, {
        promptTokens: Int32Array.from(ids),
        responseTokens: Int32Array.of(0),
      });
    for (const { ids, last_logits: expected } of reference.cases) {
      const logits = await lastLogits(ids);
      const worst = Math.max(...expected.map((value, i) => Math.abs(value - logits[i]!)));
      expect(worst).toBeLessThan(1e-4);
    }
    const { ids } = reference.greedy;
    for (let n = ids.length - 60; n < ids.length; n++) {
      const logits = await lastLogits(ids.slice(0, n));
      expect(logits.indexOf(Math.max(...logits))).toBe(ids[n]);
    }
    await scorer.close();
  },
);
