import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { runProgram, type SandboxHost } from './run-program.ts';
import { seccompFilter } from './seccomp.ts';

/** Where a Python lies that the sandbox can see. */
const pythonFolders = ['/usr/bin', '/usr/local/bin'];
const nobody = 65534;
const limits = { timeLimitSeconds: 20, memoryLimitMiB: 512 };

/** A machine whose sandbox was seen to isolate, and its Python's version. */
export interface ProbedHost extends SandboxHost {
  readonly pythonVersion: string;
}

/**
 * Finds bubblewrap and the system's Python, and lets a program try to break out.
 *
 * @param searchPath folders of bubblewrap, as in PATH
 * @throws MgrpoError UNAVAILABLE with what is missing or open, and the remedy
 */
export async function probeHost(searchPath: string): Promise<ProbedHost> {
  const filter = process.platform === 'linux' ? seccompFilter(process.arch) : null;
  if (filter === null) {
    const machine = `${process.platform} on ${process.arch}`;
    throw refused(`needs Linux on x64 or arm64, this is ${machine}`, 'use such a machine');
  }
  const bwrap = find('bwrap', searchPath.split(delimiter).filter(isAbsolute));
  if (bwrap === null) {
    throw refused('needs bubblewrap: no bwrap is on the PATH', 'apt-get install bubblewrap');
  }
  const python = find('python3', pythonFolders);
  if (python === null) {
    const remedy = 'apt-get install python3 (one in a home folder is not seen in there)';
    throw refused(`needs python3 in ${pythonFolders.join(' or ')}`, remedy);
  }
  const host = { bwrap, python, filter, user: null };
  if (process.getuid?.() !== 0) return await tryToBreakOut(host);
  // Where nobody may make namespaces, root may: Ubuntu 24.04 for one.
  return await tryToBreakOut({ ...host, user: nobody }).catch((error: unknown) => {
    if (error instanceof MgrpoError && error.cause !== undefined) return tryToBreakOut(host);
    throw error;
  });
}

function find(name: string, folders: readonly string[]): string | null {
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}

/** @throws MgrpoError UNAVAILABLE, with a cause where the sandbox did not even start */
async function tryToBreakOut(host: SandboxHost): Promise<ProbedHost> {
  const program = attempts.replace('HOME', JSON.stringify(homedir()));
  const never = new AbortController().signal;
  const result = await runProgram(host, { program, ...limits }, never).catch((error: unknown) => {
    throw refused(messageOf(error), startRemedy, error);
  });
  const report = /^(\S+) \[(.*)\]$/.exec(result.stdout.trim());
  if (result.kind !== 'passed' || report === null) {
    throw refused(`let a probe end as ${result.kind}: ${result.stderr.trim()}`, startRemedy);
  }
  const [, pythonVersion, open] = report;
  if (open === '') return { ...host, pythonVersion: pythonVersion! };
  throw refused(`does not isolate here: it leaves open ${open}`, 'use another bubblewrap, 0.8 say');
}

// Each attempt must fail; the names of those that did not are printed.
const attempts = `import os, socket, sys
open_ways = []
def attempt(name, act):
    try:
        if act() is not False:
            open_ways.append(name)
    except OSError:
        pass
def write(path):
    with open(path, "w") as file:
        file.write("x")
    os.remove(path)
attempt("the network", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
attempt("network interfaces", lambda: any(
    line.split(":")[0].strip() != "lo" for line in open("/proc/net/dev").readlines()[2:]))
attempt("the home folder", lambda: os.listdir(HOME))
attempt("the list of users", lambda: open("/etc/passwd"))
attempt("system folders for writing", lambda: write("/usr/bin/written-by-a-probe"))
attempt("the root folder for writing", lambda: write("/written-by-a-probe"))
attempt("shared memory", lambda: write("/dev/shm/written-by-a-probe"))
attempt("other processes", lambda: sum(name.isdigit() for name in os.listdir("/proc")) > 2)
attempt("new processes", lambda: os.fork() or os._exit(0))
attempt("descriptors of ours", lambda: max(map(int, os.listdir("/proc/self/fd"))) > 3)
write("/tmp/scratch")
print(sys.version.split()[0], "[" + ", ".join(open_ways) + "]")
`;

const startRemedy =
  'it needs bubblewrap 0.7 or newer and user namespaces: sysctl -w user.max_user_namespaces=15000, ' +
  'kernel.unprivileged_userns_clone=1 (older Debian), kernel.apparmor_restrict_unprivileged_userns=0 ' +
  '(Ubuntu 24.04); in a container: --security-opt seccomp=unconfined --security-opt systempaths=unconfined';

function refused(what: string, remedy: string, cause?: unknown): MgrpoError {
  const message = `the sandbox for model-written Python ${what}; ${remedy}`;
  return new MgrpoError('UNAVAILABLE', message, { cause });
}
