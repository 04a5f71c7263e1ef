import { cpus } from 'node:os';
import { env, listSupportedBackends } from 'onnxruntime-node';

/** What the bits of a run depend on besides its configuration (design.md section 7). */
export interface Fingerprint {
  /** Model name of the first CPU as the system reports it. */
  readonly cpu: string;
  readonly arch: string;
  readonly onnxRuntime: string;
  readonly node: string;
}

/** Describes this machine and its runtimes. */
export function fingerprint(): Fingerprint {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    arch: process.arch,
    onnxRuntime: env.versions.node ?? 'unknown',
    node: process.versions.node,
  };
}

/** Whether two machines compute the same bits. */
export function sameFingerprint(a: Fingerprint, b: Fingerprint): boolean {
  return (
    a.cpu === b.cpu && a.arch === b.arch && a.onnxRuntime === b.onnxRuntime && a.node === b.node
  );
}

/** Names of the execution providers that this installation brings, such as `cpu` and `webgpu`. */
export function providers(): readonly string[] {
  return listSupportedBackends()
    .filter(({ bundled }) => bundled)
    .map(({ name }) => name);
}
