import type { Method } from './method.ts';
import { mgrpo } from './methods/mgrpo.ts';
import { srt } from './methods/srt.ts';

/** Every method by its name in a configuration. */
export const methods = { mgrpo, srt } as const satisfies Readonly<Record<string, Method>>;

export type MethodName = keyof typeof methods;
