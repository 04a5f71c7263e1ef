import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { promisify } from 'node:util';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { NetworkNamespace, whyNoNamespace } from './network-namespace.ts';

const run = promisify(execFile);

beforeEach(({ skip }) => {
  const reason = whyNoNamespace();
  if (reason !== null) skip(`no network namespaces here: ${reason}`);
});

it('whoever is inside reaches this side, not while it is cut, and again afterwards', async () => {
  const namespace = NetworkNamespace.open();
  onTestFinished(() => namespace.close());
  const server = createServer((socket) => socket.end('hello'));
  onTestFinished(() => {
    server.close();
  });
  await once(server.listen(0, namespace.hostAddress), 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = async (patienceMs = 30_000) => {
    const script = `const socket = require('node:net').connect(${port}, '${namespace.hostAddress}');
      socket.on('error', () => {}).setTimeout(${patienceMs}, () => process.exit()).pipe(process.stdout);`;
    const [program, ...args] = namespace.command;
    return (await run(program, [...args, process.execPath, '-e', script])).stdout;
  };
  expect(await ask()).toBe('hello');
  namespace.cut();
  expect(await ask(500)).toBe('');
  namespace.mend();
  expect(await ask()).toBe('hello');
});

it('what a process that was killed has left goes with the next', async () => {
  const module = new URL('./network-namespace.ts', import.meta.url).href;
  const script = `const { NetworkNamespace } = await import('${module}');
    NetworkNamespace.open();
    process.kill(process.pid, 'SIGKILL');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  await once(child, 'close');
  const left = `/run/netns/mgrpo-chaos-${child.pid}`;
  expect(existsSync(left)).toBe(true);
  NetworkNamespace.open().close();
  expect(existsSync(left)).toBe(false);
  // The kernel takes the interfaces away a little later.
  await expect.poll(() => existsSync(`/sys/class/net/mgrpo${child.pid}`)).toBe(false);
});
