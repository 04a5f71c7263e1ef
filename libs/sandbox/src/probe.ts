import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { runProgram, type SandboxHost } from './run-program.ts';
import { seccompFilter } from './seccomp.ts';

const places = ['/usr/bin', '/usr/local/bin', '/bin'];
const nobody = 65534;
const limits = { timeLimitSeconds: 20, memoryLimitMiB: 512 };

/** A machine whose sandbox was seen to isolate, and its Python's version. */
export interface ProbedHost extends SandboxHost {
  readonly pythonVersion: string;
}

/**
 * Finds bubblewrap and the system's Python, and lets a program try to break out.
 *
 * @throws MgrpoError UNAVAILABLE with what is missing or open, and the remedy
 */
export async function probeHost(): Promise<ProbedHost> {
  const filter = process.platform === 'linux' ? seccompFilter(process.arch) : null;
  if (filter === null) {
    const machine = `${process.platform} on ${process.arch}`;
    throw refused(`needs Linux on x64 or arm64, this is ${machine}`, 'use such a machine');
  }
  const bwrap = find('bwrap');
  if (bwrap === null) {
    throw refused('needs bubblewrap, and there is no bwrap', 'apt-get install bubblewrap');
  }
  const python = find('python3');
  if (python === null) {
    const remedy = 'apt-get install python3 (one in a home folder is not seen in there)';
    throw refused(`needs python3 in ${places.join(' or ')}`, remedy);
  }
  let failure: unknown;
  for (const user of process.getuid?.() === 0 ? [nobody, null] : [null]) {
    const host = { bwrap, python, filter, user };
    try {
      return { ...host, pythonVersion: await tryToBreakOut(host) };
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

function find(name: string): string | null {
  return places.map((place) => `${place}/${name}`).find((path) => existsSync(path)) ?? null;
}

async function tryToBreakOut(host: SandboxHost): Promise<string> {
  const program = attempts.replace('HOME', JSON.stringify(homedir()));
  const never = new AbortController().signal;
  const result = await runProgram(host, { program, ...limits }, never).catch((error: unknown) => {
    throw refused(messageOf(error), startRemedy, error);
  });
  if (result.kind !== 'passed') {
    throw refused(`let a probe end as ${result.kind}: ${result.stderr.trim()}`, startRemedy);
  }
  const { version, open } = JSON.parse(result.stdout) as { version: string; open: string[] };
  if (open.length === 0) return version;
  throw refused(
    `does not isolate here: it leaves open ${open.join(', ')}`,
    'use a newer bubblewrap, 0.8 for example',
  );
}

// Each attempt must fail; the names of those that did not are printed.
const attempts = `import json, os, socket, sys
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
attempt("the network", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
attempt("network interfaces", lambda: any(
    line.split(":")[0].strip() != "lo" for line in open("/proc/net/dev").readlines()[2:]))
attempt("the home folder", lambda: os.listdir(HOME))
attempt("the list of users", lambda: open("/etc/passwd"))
attempt("system folders for writing", lambda: write("/usr/bin/written-by-a-probe"))
attempt("the root folder for writing", lambda: write("/written-by-a-probe"))
attempt("shared memory", lambda: write("/dev/shm/written-by-a-probe"))
attempt("other processes", lambda: sum(name.isdigit() for name in os.listdir("/proc")) > 2)
attempt("new processes", os.fork)
attempt("descriptors of ours", lambda: max(map(int, os.listdir("/proc/self/fd"))) > 3)
write("/tmp/scratch")
print(json.dumps({"version": sys.version.split()[0], "open": open_ways}))
`;

const startRemedy =
  'it needs bubblewrap 0.7 or newer and user namespaces: sysctl -w user.max_user_namespaces=15000, ' +
  'kernel.unprivileged_userns_clone=1 (older Debian), kernel.apparmor_restrict_unprivileged_userns=0 ' +
  '(Ubuntu 24.04); in a container: --security-opt seccomp=unconfined --security-opt systempaths=unconfined';

function refused(what: string, remedy: string, cause?: unknown): MgrpoError {
  const message = `the sandbox for model-written Python ${what}; ${remedy}`;
  return new MgrpoError('UNAVAILABLE', message, { cause });
}
