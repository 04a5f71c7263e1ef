import { once } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  connect,
  contracts,
  encodeMessage,
  openSecurity,
  RpcServer,
  unary,
  unaryHandler,
} from './index.ts';
import type { GroupVerdict__Output, VoteRequest__Output } from './messages.ts';

const mebi = 1 << 20;
const path = '/mgrpo.v1.VoterService/Vote';
let server: RpcServer;
let numServed = 0;

beforeAll(async () => {
  const vote = unaryHandler(async ({ members }: VoteRequest__Output) => {
    numServed += 1;
    if (members.some(({ text }) => text === 'wait')) await sleep(500);
    return { numVotes: members.length };
  });
  const services = [{ definition: contracts.VoterService.service, implementation: { vote } }];
  server = await RpcServer.start({ host: '127.0.0.1', port: 0, reflection: false, services });
});

afterAll(() => server.close(100));

/** The server still answers someone who behaves. */
async function answersOthers(): Promise<void> {
  const client = connect(contracts.VoterService, `127.0.0.1:${server.port}`, openSecurity);
  const request = { members: [{ text: 'hello' }] };
  const limits = { deadlineMs: 5000 };
  const { numVotes } = await unary<GroupVerdict__Output>(
    'voter',
    (...call) => client.vote(request, ...call),
    limits,
  );
  expect(numVotes).toBe(1);
  client.close();
}

/** Sends one message as it is, without a client library that would refuse to; returns the call's status. */
async function send(message: Buffer, { isCompressed }: { isCompressed: boolean }) {
  const session = connectHttp2(`http://127.0.0.1:${server.port}`);
  session.on('error', () => {});
  const call = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...(isCompressed ? { 'grpc-encoding': 'gzip' } : {}),
  });
  const header = Buffer.alloc(5);
  header.writeUInt8(isCompressed ? 1 : 0, 0);
  header.writeUInt32BE(message.length, 1);
  let status: unknown;
  const note = (headers: Record<string, unknown>) => {
    status ??= headers['grpc-status'];
  };
  call.on('response', note);
  call.on('trailers', note);
  call.on('error', () => {});
  call.resume();
  call.end(Buffer.concat([header, message]));
  await once(call, 'close');
  session.destroy();
  return { status: status === undefined ? null : Number(status), reset: call.rstCode };
}

const resourceExhausted = 8;

test('a message that is too long is refused before it is read', async () => {
  const text = 'x'.repeat(5 * mebi);
  const message = encodeMessage(contracts.VoteRequest, { members: [{ text }] });
  expect((await send(message, { isCompressed: false })).status).toBe(resourceExhausted);
  await answersOthers();
});

test('a message that unpacks to 200 MiB is given up at the limit, without the memory', async () => {
  const message = encodeMessage(contracts.VoteRequest, {
    members: [{ text: ' '.repeat(200 * mebi) }],
  });
  const packed = gzipSync(message);
  expect(packed.length).toBeLessThan(mebi);
  const before = process.memoryUsage().rss;
  expect((await send(packed, { isCompressed: true })).status).toBe(resourceExhausted);
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * mebi);
  await answersOthers();
});

test('bytes that are no message end their call alone', async () => {
  const { status } = await send(Buffer.from('ffffffffffffffff', 'hex'), { isCompressed: false });
  expect(status).toBe(13);
  await answersOthers();
});

test('one connection holds a limited number of calls at once, and others are served', async () => {
  const session = connectHttp2(`http://127.0.0.1:${server.port}`);
  session.on('error', () => {});
  await once(session, 'remoteSettings');
  expect(session.remoteSettings.maxConcurrentStreams).toBe(256);
  const before = numServed;
  const calls = Array.from({ length: 300 }, () =>
    session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' }),
  );
  for (const call of calls) call.on('error', () => {});
  await answersOthers();
  // Calls that never sent their message have cost no work.
  expect(numServed - before).toBe(1);
  for (const call of calls) call.close(constants.NGHTTP2_CANCEL);
  session.destroy();
});

test('connections that say nothing, or no more than a word, are cut, and others are served', async () => {
  const sockets: Socket[] = [];
  let numCut = 0;
  for (let i = 0; i < 100; i++) {
    const socket = connectTcp(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.on('close', () => {
      numCut += 1;
    });
    socket.resume();
    if (i % 2 === 0) socket.write('PRI * HTTP/2.0\r\n');
    sockets.push(socket);
  }
  await answersOthers();
  // Keepalive asks after 10 s and waits for 5.
  for (let waited = 0; numCut < sockets.length && waited < 20_000; waited += 200) await sleep(200);
  for (const socket of sockets) socket.destroy();
  expect(numCut).toBe(100);
});
