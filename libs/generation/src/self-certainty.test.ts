import { initialWeights } from '@mgrpo/model';
import { expect, test } from 'vitest';
import { GenerationEngine } from './engine.ts';
import { promptRequest, rolloutBits, smallModel } from './testing.ts';

const prompts = [1, 2, 3, 4, 5];
const certain = (prompt: number) => promptRequest(prompt, { sampling: { selfCertainty: true } });

test.each([15, 16, 97, 101, 1001])(
  'with %i tokens self-certainties are the same in any company, and change nothing else',
  async (vocabSize) => {
    const model = smallModel({ vocab_size: vocabSize });
    const engine = await GenerationEngine.start({ model, slots: 30, device: 'cpu' });
    await engine.setWeights(1, initialWeights(model, 3));
    const alone: string[][] = [];
    for (const prompt of prompts) {
      const [plain, scored] = [
        await engine.generate(promptRequest(prompt)),
        await engine.generate(certain(prompt)),
      ];
      expect(plain.every(({ selfCertainties }) => selfCertainties === null)).toBe(true);
      for (const { tokens, selfCertainties } of scored) {
        expect(selfCertainties).toHaveLength(tokens.length);
        expect(selfCertainties!.every((value) => value > 0)).toBe(true);
      }
      const without = scored.map((rollout) => ({ ...rollout, selfCertainties: null }));
      expect(without.map(rolloutBits)).toEqual(plain.map(rolloutBits));
      alone.push(scored.map(rolloutBits));
    }
    for (let offset = 0; offset < prompts.length; offset++) {
      const order = prompts.map((_, i) => (i + offset) % prompts.length);
      const [together] = await Promise.all([
        Promise.all(order.map((i) => engine.generate(certain(prompts[i]!)))),
        engine.generate(promptRequest(2)),
      ]);
      expect(together.map((group) => group.map(rolloutBits))).toEqual(order.map((i) => alone[i]));
    }
    await engine.close();
  },
);
