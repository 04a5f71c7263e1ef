// A seccomp filter: a classic BPF program that the kernel runs on each system call of a process.
// Layouts and constants: Linux uapi headers linux/filter.h, linux/bpf_common.h, linux/seccomp.h, linux/audit.h.

/** What a program may not call, by its number on the architecture; names as in the kernel's tables. */
interface Architecture {
  /** AUDIT_ARCH_*: a call through another ABI (32-bit) ends the process. */
  readonly audit: number;
  readonly clone: number;
  readonly clone3: number;
  readonly denied: readonly number[];
}

const architectures: Readonly<Record<string, Architecture>> = {
  x64: {
    audit: 0xc000003e,
    clone: 56,
    clone3: 435,
    denied: [
      ...[57, 58], // fork, vfork: one process, so that its memory limit is the whole program's
      ...[41], // socket: not even to the machine's own hypervisor, which no network namespace hides
      ...[29, 64, 68, 240, 447], // shmget, semget, msgget, mq_open, memfd_secret
      ...[101, 310, 311], // ptrace, process_vm_readv, process_vm_writev
      ...[272, 308, 165, 166, 155], // unshare, setns, mount, umount2, pivot_root
      ...[428, 429, 430, 432, 442], // open_tree, move_mount, fsopen, fsmount, mount_setattr
      ...[248, 249, 250, 321, 323, 298, 425], // add_key, request_key, keyctl, bpf, userfaultfd, perf_event_open, io_uring_setup
    ],
  },
  arm64: {
    audit: 0xc00000b7,
    clone: 220,
    clone3: 435,
    denied: [
      ...[198], // the same calls in the same order; fork and vfork don't exist here
      ...[194, 190, 186, 180, 447],
      ...[117, 270, 271],
      ...[97, 268, 40, 39, 41],
      ...[428, 429, 430, 432, 442],
      ...[217, 218, 219, 280, 282, 241, 425],
    ],
  },
};

const load = 0x20; // BPF_LD | BPF_W | BPF_ABS
const jumpIfEqual = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const jumpIfAtLeast = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const jumpIfAnyBit = 0x45; // BPF_JMP | BPF_JSET | BPF_K
const give = 0x06; // BPF_RET | BPF_K
// Offsets in struct seccomp_data.
const callNumber = 0;
const callArchitecture = 4;
const firstArgument = 16;

const allow = 0x7fff0000;
const killProcess = 0x80000000;
const refuse = 0x00050000 | 1; // EPERM
const notThere = 0x00050000 | 38; // ENOSYS: the C library then uses clone, whose flags a filter can read
const threadFlag = 0x00010000; // CLONE_THREAD
// On x64, numbers from here on are the x32 ABI's.
const x32Calls = 0x40000000;

/** An instruction; `yes` and `no` are how many instructions to skip. */
type Instruction = readonly [code: number, yes: number, no: number, operand: number];

/**
 * The filter of a sandboxed program as bytes, or null for a CPU it isn't written for.
 *
 * A program may start threads but no processes, opens no sockets and gets no memory that its limit does not count;
 * such a call fails with EPERM, as on a machine that forbids it.
 *
 * @param cpu as in `process.arch`
 */
export function seccompFilter(cpu: string): Uint8Array | null {
  const architecture = architectures[cpu];
  if (architecture === undefined) return null;
  const { audit, clone, clone3, denied } = architecture;
  const program: Instruction[] = [
    [load, 0, 0, callArchitecture],
    [jumpIfEqual, 1, 0, audit],
    [give, 0, 0, killProcess],
    [load, 0, 0, callNumber],
    ...unless([jumpIfAtLeast, x32Calls], refuse),
    ...denied.flatMap((number) => unless([jumpIfEqual, number], refuse)),
    ...unless([jumpIfEqual, clone3], notThere),
    [jumpIfEqual, 1, 0, clone],
    [give, 0, 0, allow],
    [load, 0, 0, firstArgument],
    [jumpIfAnyBit, 0, 1, threadFlag],
    [give, 0, 0, allow],
    [give, 0, 0, refuse],
  ];
  return encode(program);
}

/** Ends with `verdict` if the test holds, else goes on. */
function unless([code, operand]: readonly [number, number], verdict: number): Instruction[] {
  return [
    [code, 0, 1, operand],
    [give, 0, 0, verdict],
  ];
}

/** struct sock_filter { u16 code; u8 jt; u8 jf; u32 k }, little-endian as both CPUs are. */
function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(8 * program.length);
  const view = new DataView(bytes.buffer);
  program.forEach(([code, yes, no, operand], index) => {
    view.setUint16(8 * index, code, true);
    view.setUint8(8 * index + 2, yes);
    view.setUint8(8 * index + 3, no);
    view.setUint32(8 * index + 4, operand, true);
  });
  return bytes;
}
