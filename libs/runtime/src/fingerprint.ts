import { cpus } from 'node:os';
import { env, listSupportedBackends } from 'onnxruntime-node';
import { probeKernels } from './kernel-probe.ts';

/** What the bits of a run depend on besides its configuration (design.md section 7). */
export interface Fingerprint {
  /** Model name of the first CPU as the system reports it. */
  readonly cpu: string;
  readonly arch: string;
  readonly onnxRuntime: string;
  readonly node: string;
  /** What the CPU's kernels compute, hashed (`probeKernels`); absent in what was written before it was taken. */
  readonly kernels?: string;
}

let kernels: Promise<string> | undefined;

/** Describes this machine and its runtimes; the first call runs a small graph. */
export async function fingerprint(): Promise<Fingerprint> {
  kernels ??= probeKernels();
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    arch: process.arch,
    onnxRuntime: env.versions.node ?? 'unknown',
    node: process.versions.node,
    kernels: await kernels,
  };
}

/** Whether two machines compute the same bits. */
export function sameFingerprint(a: Fingerprint, b: Fingerprint): boolean {
  const isNamedAlike =
    a.cpu === b.cpu && a.arch === b.arch && a.onnxRuntime === b.onnxRuntime && a.node === b.node;
  const isProbed = a.kernels !== undefined && b.kernels !== undefined;
  return isNamedAlike && (!isProbed || a.kernels === b.kernels);
}

/** Names of the execution providers that this installation brings, such as `cpu` and `webgpu`. */
export function providers(): readonly string[] {
  return listSupportedBackends()
    .filter(({ bundled }) => bundled)
    .map(({ name }) => name);
}
