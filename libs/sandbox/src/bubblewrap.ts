import { lstatSync, readlinkSync } from 'node:fs';

/** Descriptors of the process that bubblewrap reads from or writes to; it closes them before the program starts. */
export const descriptors = { program: 3, input: 4, filter: 5, status: 6 } as const;

/** Limits of one program. */
export interface Limits {
  /** Whole seconds of CPU time. */
  readonly cpuSeconds: number;
  readonly memoryMiB: number;
}

const temporaryBytes = 64 << 20;
// With the number of open files this bounds what a program keeps in memory files, which `ulimit -v` doesn't count.
const largestFileKiB = 16 << 10;
const maxOpenFiles = 64;

// Whoever started us may have left descriptors open, which would lead out of the sandbox.
const launcher =
  'import os; os.closerange(3, 65536); del os; ' +
  'exec(compile(open("/sandbox/program.py", "rb").read(), "/sandbox/program.py", "exec"))';

/** Shown to the program as they are on the machine, whichever of them exist. */
const systemFolders = ['/bin', '/sbin', '/lib', '/lib32', '/lib64'];
/** Tables of the dynamic linker and of Debian's command names, nothing of a user's. */
const systemFiles = ['/etc/ld.so.cache', '/etc/alternatives'];

/**
 * The arguments of `bwrap` that run /sandbox/program.py with nothing of the machine but its read-only /usr.
 *
 * Every namespace is new (user, process ids, network, IPC, host name, control groups), no capability is left, the
 * environment is empty but for what is set here, and all that can be written is a /tmp of 64 MiB in memory.
 */
export function bubblewrapArguments(python: string, { cpuSeconds, memoryMiB }: Limits): string[] {
  // The hard limit comes a second later, for a program that catches the signal of the soft one.
  const limits = [
    `ulimit -S -t ${cpuSeconds}`,
    `ulimit -H -t ${cpuSeconds + 1}`,
    `ulimit -v ${memoryMiB * 1024}`,
    `ulimit -f ${largestFileKiB * 2}`, // sh counts blocks of 512 bytes
    `ulimit -n ${maxOpenFiles}`,
    'ulimit -c 0',
  ];
  const start = `exec ${python} -s -c '${launcher}' </sandbox/input`;
  return [
    ...['--unshare-user', '--unshare-all', '--uid', '65534', '--gid', '65534'],
    ...['--hostname', 'sandbox', '--new-session', '--die-with-parent', '--cap-drop', 'ALL'],
    ...['--ro-bind', '/usr', '/usr', ...systemFolders.flatMap(mountAsThere)],
    ...systemFiles.flatMap((path) => ['--ro-bind-try', path, path]),
    // What an administrator or a user installed there is not the system's, unless it is the Python that runs.
    ...(python.startsWith('/usr/local/') ? [] : hidden('/usr/local')),
    ...['--proc', '/proc', '--dev', '/dev', '--remount-ro', '/dev'],
    ...['--size', String(temporaryBytes), '--tmpfs', '/tmp', '--chdir', '/tmp'],
    ...['--ro-bind-data', String(descriptors.program), '/sandbox/program.py'],
    ...['--ro-bind-data', String(descriptors.input), '/sandbox/input'],
    ...['--remount-ro', '/', '--seccomp', String(descriptors.filter)],
    ...['--json-status-fd', String(descriptors.status)],
    ...['--clearenv', '--setenv', 'PATH', '/usr/bin:/bin', '--setenv', 'HOME', '/tmp'],
    ...['--setenv', 'LANG', 'C.UTF-8', '--setenv', 'PYTHONDONTWRITEBYTECODE', '1'],
    // The order of a set of texts follows the hash seed: with a fixed one a program gives one answer always.
    ...['--setenv', 'PYTHONHASHSEED', '0', '--setenv', 'OMP_NUM_THREADS', '1'],
    ...['--', '/bin/sh', '-c', `${limits.join(' && ')} && ${start}`],
  ];
}

function hidden(folder: string): string[] {
  return ['--tmpfs', folder, '--remount-ro', folder];
}

/** /bin is a link to usr/bin on most systems and a folder of its own on some. */
function mountAsThere(path: string): string[] {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry === undefined) return [];
  if (entry.isSymbolicLink()) return ['--symlink', readlinkSync(path), path];
  return ['--ro-bind', path, path];
}
