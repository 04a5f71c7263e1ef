import { type CallContext, serveEngine } from '@mgrpo/runtime';
import { Generator, type GeneratorOptions } from './generator.ts';
import type { GenerationRequest } from './request.ts';

async function open(options: GeneratorOptions) {
  const generator = await Generator.open(options);
  return {
    setWeights: ({ version, flat }: { version: number; flat: Float32Array }) =>
      generator.setWeights(version, flat),
    dropWeights: (version: number) => generator.dropWeights(version),
    generate: (request: GenerationRequest, { signal }: CallContext) =>
      generator.generate(request, signal),
    stats: () => generator.stats(),
    close: () => generator.close(),
  };
}

export type GenerationHandlers = Awaited<ReturnType<typeof open>>;

serveEngine(open, { order: 'concurrent' });
