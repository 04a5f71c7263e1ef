import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '@mgrpo/errors';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { openSandbox, type ProgramResult } from './index.ts';
import { probeHost } from './probe.ts';
import { runProgram } from './run-program.ts';

const searchPath = process.env.PATH ?? '';
const opened = await openSandbox({ searchPath, numAtOnce: 3 }).catch((error: unknown) => error);
const sandbox =
  opened instanceof Error ? null : (opened as Awaited<ReturnType<typeof openSandbox>>);
if (sandbox === null) console.log(`sandbox tests skipped: ${messageOf(opened)}`);
afterAll(() => sandbox?.close());

function run(program: string, limits: { seconds?: number; stdin?: string } = {}) {
  const { seconds = 10, stdin = '' } = limits;
  return sandbox!.run({ program, stdin, timeLimitSeconds: seconds, memoryLimitMiB: 256 });
}

/** Ids of the processes on the machine that gave themselves this name (of 15 letters at most). */
function processesNamed(name: string): string[] {
  return readdirSync('/proc')
    .filter((id) => /^\d+$/.test(id))
    .filter((id) => {
      try {
        return readFileSync(`/proc/${id}/comm`, 'utf8').trim() === name;
      } catch {
        return false; // ended meanwhile
      }
    });
}

const named = (name: string) => `import ctypes\nctypes.CDLL(None).prctl(15, b"${name}")\n`;

/** The exception that ends a program, or how else it ended. */
function ending(result: ProgramResult): string {
  return result.kind === 'failed'
    ? result.stderr.trim().split('\n').at(-1)!.split(':')[0]!
    : result.kind;
}

describe.skipIf(sandbox === null)('a program in the sandbox', () => {
  test('reads its input, prints, and passes with exit code 0', async () => {
    const result = await run(
      'import sys\nprint("read", sys.stdin.read())\nprint("é", file=sys.stderr)',
      {
        stdin: '3 4 ü',
      },
    );
    expect(result).toEqual({ kind: 'passed', stdout: 'read 3 4 ü\n', stderr: 'é\n' });
    expect((await run('print(open("/dev/stdin").read())', { stdin: '5' })).stdout).toBe('5\n');
    expect(sandbox!.pythonVersion).toMatch(/^3\.\d+\.\d+/);
  });

  test('fails with its exit code', async () => {
    expect(await run('exit(3)')).toMatchObject({ kind: 'failed', exitCode: 3 });
    expect(await run('assert 1 == 2')).toMatchObject({ kind: 'failed', exitCode: 1 });
    expect(await run('this is no Python')).toMatchObject({ kind: 'failed', exitCode: 1 });
    expect(await run('import os; os.abort()')).toMatchObject({ kind: 'failed', exitCode: 134 });
    expect(ending(await run('def f(n): return f(n + 1)\nf(0)'))).toBe('RecursionError');
  });

  test('can reach no server, not even on this machine', async () => {
    let numConnections = 0;
    const server = createServer(() => {
      numConnections += 1;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const program = `import socket; socket.create_connection(("127.0.0.1", ${port}), 2)`;
    expect(ending(await run(program))).toBe('PermissionError');
    expect((await run('print(open("/proc/net/dev").read())')).stdout).not.toMatch(/eth|ens|wlan/);
    expect(numConnections).toBe(0);
    await new Promise((resolve) => server.close(resolve));
  });

  test('sees no file, no variable and no process of the user', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'secret-'));
    writeFileSync(join(folder, 'key.txt'), 'secret');
    const paths = [join(folder, 'key.txt'), import.meta.filename, '/etc/passwd', '/root', '/home'];
    for (const path of paths) {
      const program = `import os\nprint(os.listdir(${JSON.stringify(path)}) if os.path.isdir(${JSON.stringify(path)}) else open(${JSON.stringify(path)}).read())`;
      expect(ending(await run(program)), path).toBe('FileNotFoundError');
    }
    rmSync(folder, { recursive: true });
    const { stdout } = await run(
      'import os\nprint(sorted(os.environ), os.getuid(), [n for n in os.listdir("/proc") if n.isdigit()], os.listdir("/tmp"))',
    );
    expect(stdout).toBe(
      "['HOME', 'LANG', 'OMP_NUM_THREADS', 'PATH', 'PWD', 'PYTHONDONTWRITEBYTECODE', 'PYTHONHASHSEED'] 65534 ['1', '2'] []\n",
    );
  });

  test('inherits no open file of ours', async () => {
    // A shell that left descriptor 77 open starts Node, which starts the sandbox.
    const script = `
      import { openSandbox } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
      const sandbox = await openSandbox({ searchPath: process.env.PATH });
      const program = 'import os; print(sorted(os.listdir("/proc/self/fd")))';
      console.log((await sandbox.run({ program, timeLimitSeconds: 5, memoryLimitMiB: 256 })).stdout);
      await sandbox.close();`;
    const node = [process.execPath, '--input-type=module-typescript', '-e', script];
    const output = execFileSync('bash', ['-c', 'exec 77</ "$@"', 'bash', ...node], {
      encoding: 'utf8',
    });
    expect(output.trim()).toBe("['0', '1', '2', '3']"); // 3 is the listing's own
  });

  test('writes to its own /tmp only, and that is gone afterwards', async () => {
    const write = 'open("/tmp/mark", "w").write("x"); print(open("/tmp/mark").read())';
    expect((await run(write)).stdout).toBe('x\n');
    expect(ending(await run('open("/tmp/mark")'))).toBe('FileNotFoundError');
    expect(existsSync('/tmp/mark')).toBe(false);
    for (const path of ['/mark', '/usr/mark', '/dev/shm/mark', '/sandbox/mark', '/etc/mark']) {
      expect(ending(await run(`open(${JSON.stringify(path)}, "w")`)), path).toBe('OSError');
    }
  });

  test('can fill neither memory nor disk', async () => {
    expect((await run('x = bytearray(1 << 30)')).kind).toBe('out-of-memory');
    expect((await run('x = []\nwhile True: x.append(" " * 10**6)')).kind).toBe('out-of-memory');
    expect(ending(await run('open("/tmp/big", "wb").write(bytes(20 << 20))'))).toBe('OSError');
    const files = 'for i in range(99): open(f"/tmp/{i}", "wb").write(bytes(8 << 20))';
    expect(ending(await run(files))).toBe('OSError');
    const memory = 'import os\nkept = []\nwhile True: kept.append(os.memfd_create("m"))';
    expect(ending(await run(memory))).toBe('OSError');
  });

  test('starts threads but no processes: no fork bomb, no zombies, no daemons', async () => {
    const thread =
      'import threading\nt = threading.Thread(target=print, args=["hi"])\nt.start()\nt.join()';
    expect((await run(thread)).stdout).toBe('hi\n');
    const bombs = [
      'import os\nwhile True: os.fork()',
      'import subprocess\nsubprocess.run(["/bin/ls"])',
      'import os\nos.posix_spawn("/bin/ls", ["ls"], {})',
      'import multiprocessing\nmultiprocessing.Process(target=print).start()',
      'import os\nif os.fork() == 0: os.setsid()',
    ];
    for (const bomb of bombs) expect(ending(await run(bomb)), bomb).toBe('PermissionError');
  });

  test('is ended with all its threads when its time is over, asleep, busy or deaf', async () => {
    const name = `endless-${process.pid}`;
    const deaf = [
      'import signal',
      'for n in set(signal.valid_signals()) - {9, 19}: signal.signal(n, lambda *_: None)',
    ].join('\n');
    const programs = [
      'while True: pass',
      'import time\ntime.sleep(1000)',
      `${deaf}\nwhile True: pass`,
      'import threading\ndef spin():\n  while True: pass\nfor _ in range(4): threading.Thread(target=spin).start()',
    ];
    const results = await Promise.all(
      programs.map((program) => run(named(name) + program, { seconds: 1 })),
    );
    expect(results.map(({ kind }) => kind)).toEqual(programs.map(() => 'timed-out'));
    expect(processesNamed(name)).toEqual([]);
  });

  test('is ended when it prints without end, and its output is capped', async () => {
    for (const stream of ['stdout', 'stderr'] as const) {
      const result = await run(`import sys\nwhile True: sys.${stream}.write("x" * 1000)`);
      expect(result.kind).toBe('too-much-output');
      expect(result[stream]).toHaveLength(1 << 20);
    }
  });

  test('can neither trace, mount nor leave its namespaces', async () => {
    const calls = { ptrace: [101, 117], unshare: [272, 97], mount: [165, 40], bpf: [321, 280] };
    for (const [name, [x64, arm64]] of Object.entries(calls)) {
      const number = process.arch === 'x64' ? x64 : arm64;
      const program = `import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nprint(libc.syscall(${number}, 0x10000000, 0, 0, 0, 0), ctypes.get_errno())`;
      expect((await run(program)).stdout, name).toBe('-1 1\n');
    }
  });

  test('with signals to everything it sees ends itself at most', async () => {
    expect((await run('import os\nos.kill(os.getpid(), 9)')).kind).toBe('out-of-memory');
    expect(await run('import os\nos.kill(os.getpid(), 15)')).toMatchObject({ exitCode: 143 });
    const others = 'import os\nos.kill(1, 9)\nos.kill(1, 15)\nprint("still here")';
    expect((await run(others)).stdout).toBe('still here\n');
  });

  test('has sets of texts in the same order each time', async () => {
    const program = 'print({"a", "b", "c", "d", "e", "f"})';
    const outputs = await Promise.all(Array.from({ length: 4 }, () => run(program)));
    expect(new Set(outputs.map(({ stdout }) => stdout)).size).toBe(1);
  });
});

describe.skipIf(sandbox === null)('the sandbox', () => {
  test('keeps programs apart that run at the same time', async () => {
    const program = (n: number) =>
      `import os, time\nopen("/tmp/${n}", "w").close()\ntime.sleep(0.2)\nprint(os.listdir("/tmp"))`;
    const outputs = await Promise.all([0, 1, 2, 3, 4].map((n) => run(program(n))));
    expect(outputs.map(({ stdout }) => stdout)).toEqual([0, 1, 2, 3, 4].map((n) => `['${n}']\n`));
  });

  test('that breaks is an error, never a failed program', async () => {
    const host = await probeHost(searchPath);
    const never = new AbortController().signal;
    const program = { program: '', timeLimitSeconds: 1, memoryLimitMiB: 256 };
    for (const bwrap of ['/bin/false', '/bin/true', '/no/bwrap']) {
      const running = runProgram({ ...host, bwrap }, program, never);
      await expect(running, bwrap).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    }
    const noFilter = runProgram({ ...host, filter: new Uint8Array(3) }, program, never);
    await expect(noFilter).rejects.toThrow('the sandbox could not start: bwrap: ');
  });

  test('that is killed from outside is an error too, and leaves nothing behind', async () => {
    const mark = `killed-${process.pid}`;
    const running = run(`${named(mark)}import time\ntime.sleep(50)`);
    const settled = Promise.allSettled([running]);
    await vi.waitFor(() => expect(processesNamed(mark)).toHaveLength(1), { timeout: 20_000 });
    const children = execFileSync('ps', ['--ppid', String(process.pid), '-o', 'pid=,comm='], {
      encoding: 'utf8',
    });
    const bwrap = /(\d+) bwrap/.exec(children)!;
    process.kill(Number(bwrap[1]), 'SIGKILL');
    expect((await settled)[0]).toMatchObject({ reason: { code: 'UNAVAILABLE' } });
    await vi.waitFor(() => expect(processesNamed(mark)).toEqual([]), { timeout: 20_000 });
  });

  test('refuses limits that make no sense', async () => {
    for (const limits of [
      { memoryLimitMiB: 4 },
      { memoryLimitMiB: 256.5 },
      { timeLimitSeconds: 0 },
    ]) {
      const program = { program: '', timeLimitSeconds: 1, memoryLimitMiB: 256, ...limits };
      await expect(sandbox!.run(program)).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
    }
  });

  test('closes with what runs and waits in it, as often as one likes', async () => {
    const closing = await openSandbox({ searchPath, numAtOnce: 1 });
    const name = `closing-${process.pid}`;
    const sleep = `${named(name)}import time\ntime.sleep(60)`;
    const runs = [1, 2].map(() =>
      closing.run({ program: sleep, timeLimitSeconds: 50, memoryLimitMiB: 256 }),
    );
    const settled = Promise.allSettled(runs);
    await Promise.all([closing.close(), closing.close()]);
    for (const result of await settled) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'CANCELLED' } });
    }
    const later = closing.run({ program: '', timeLimitSeconds: 1, memoryLimitMiB: 256 });
    await expect(later).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(processesNamed(name)).toEqual([]);
  });
});

describe.skipIf(process.platform !== 'linux' || !existsSync('/usr/bin/python3'))(
  'no sandbox',
  () => {
    test('without bubblewrap there is no sandbox, and the error says how to get it', async () => {
      await expect(openSandbox({ searchPath: '/usr/share' })).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringMatching(/no bwrap is on the PATH; apt-get install bubblewrap/),
      });
    });

    test('a bubblewrap that can make no namespaces is refused with its own words', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'bwrap-'));
      const words = 'bwrap: No permissions to create a new namespace';
      writeFileSync(join(folder, 'bwrap'), `#!/bin/sh\necho "${words}" >&2\nexit 1\n`, {
        mode: 0o755,
      });
      chmodSync(folder, 0o755);
      await expect(openSandbox({ searchPath: folder })).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringMatching(
          /No permissions to create a new namespace; it needs bubblewrap 0\.7 .*sysctl/,
        ),
      });
      rmSync(folder, { recursive: true });
    });

    test('a bubblewrap that does not isolate is refused', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'bwrap-'));
      // Runs the program as it is, and reports as bubblewrap does.
      const script =
        '#!/bin/sh\ncat <&5 >/dev/null\npython3 -c "$(cat <&3)" </dev/null\necho \'{"exit-code": 0}\' >&6\n';
      writeFileSync(join(folder, 'bwrap'), script, { mode: 0o755 });
      chmodSync(folder, 0o755);
      await expect(openSandbox({ searchPath: folder })).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringMatching(/leaves open the network, .*the list of users/),
      });
      rmSync(folder, { recursive: true });
    });
  },
);
