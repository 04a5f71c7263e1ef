import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MgrpoError } from '@mgrpo/errors';
import {
  access,
  callersOf,
  checkOwnCertificate,
  connect,
  contracts,
  type Denial,
  type LearnerState__Output,
  type MessageSink,
  openSecurity,
  type PeerSecurity,
  RpcServer,
  serverStream,
  streamHandler,
  unary,
  unaryHandler,
  type WeightChunk,
  type WeightChunk__Output,
  wireRole,
} from '@mgrpo/rpc';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeSecrets, type SecretsFolder, securityWith } from './secrets-folder.ts';

let secrets: SecretsFolder;
beforeAll(() => {
  secrets = makeSecrets();
});
afterAll(() => secrets.remove());
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function security(options: Parameters<typeof securityWith>[0]): PeerSecurity {
  const made = securityWith(options);
  closers.push(() => made.close());
  return made;
}

const asRole = (role: string, from = secrets) =>
  security({ certificates: from.certificates(role) });

/** Weights of one byte. */
const sendChunk = async (_request: unknown, sink: MessageSink<WeightChunk>) =>
  sink.send({ data: Buffer.of(7) });

/** A learner that says its version, and goes on saying it. */
async function serveLearner(own: PeerSecurity): Promise<{ port: number; denials: Denial[] }> {
  const denials: Denial[] = [];
  const server = await RpcServer.start({
    host: '127.0.0.1',
    port: 0,
    reflection: false,
    security: own,
    onDenied: (denial) => denials.push(denial),
    services: [
      {
        definition: contracts.LearnerService.service,
        implementation: {
          getState: unaryHandler(async () => ({ appliedIterations: 7 })),
          watch: streamHandler(async (_request, sink) => {
            for (let i = 0; !sink.signal.aborted; i++) {
              await sink.send({ appliedIterations: i });
              await sleep(10);
            }
          }),
          recordEvaluation: unaryHandler(async () => ({ recorded: true })),
          checkpointNow: unaryHandler(async () => ({})),
          admitWorker: unaryHandler(async () => ({})),
        },
      },
      {
        definition: contracts.WeightService.service,
        implementation: { subscribe: streamHandler(sendChunk), fetch: streamHandler(sendChunk) },
      },
    ],
  });
  closers.push(() => server.close(0));
  return { port: server.port, denials };
}

function learnerAt(port: number, own = openSecurity) {
  const client = connect(contracts.LearnerService, `127.0.0.1:${port}`, own);
  closers.push(() => client.close());
  const limits = { deadlineMs: 3000 };
  return {
    client,
    getState: () =>
      unary<LearnerState__Output>('learner', (...call) => client.getState({}, ...call), limits),
    recordEvaluation: () =>
      unary('learner', (...call) => client.recordEvaluation({ version: 1 }, ...call), limits),
  };
}

/** What the learner answers who asks for a role's admission and weights: its word of refusal, or `ok`. */
async function asksFor(role: 'policy' | 'momentum', port: number, own: PeerSecurity) {
  const { client } = learnerAt(port, own);
  const weights = connect(contracts.WeightService, `127.0.0.1:${port}`, own);
  closers.push(() => weights.close());
  const request = { role: wireRole[role] };
  const limits = { deadlineMs: 3000 };
  const first = (open: Parameters<typeof serverStream<WeightChunk__Output>>[1]) =>
    serverStream<WeightChunk__Output>('learner', open, limits).next();
  const calls = [
    unary('learner', (...call) => client.admitWorker(request, ...call), limits),
    first((...call) => weights.subscribe(request, ...call)),
    first((...call) => weights.fetch(request, ...call)),
  ];
  const word = (error: unknown) => (error instanceof MgrpoError ? error.message : error);
  return await Promise.all(calls.map((call) => call.then(() => 'ok', word)));
}

describe('the table of access', () => {
  const methods = Object.values(contracts).flatMap((contract) =>
    'service' in contract ? Object.values(contract.service).map(({ path }) => path) : [],
  );

  it('has every method of every contract, and no other', () => {
    const listed = Object.entries(access).flatMap(([contract, { methods }]) =>
      Object.keys(methods).map((method) => `/${contract}/${method}`),
    );
    expect(listed.sort()).toEqual([...methods].sort());
    expect(methods.length).toBeGreaterThan(10);
  });

  it('keeps each role to what it does in a run', () => {
    expect(callersOf('/mgrpo.v1.LearnerService/RecordEvaluation')).toEqual(['coordinator']);
    expect(callersOf('/mgrpo.v1.WeightService/Fetch')).not.toContain('voter');
    expect(callersOf('/mgrpo.v1.CoordinatorService/StopRun')).toEqual(['operator']);
    expect(callersOf('/grpc.health.v1.Health/Check')).toBe('anyone');
    expect(callersOf('/mgrpo.v1.LearnerService/toString')).toEqual([]);
    expect(callersOf('/elsewhere.Service/GetState')).toEqual([]);
    expect(Object.values(access).flatMap(({ methods }) => Object.values(methods))).not.toContain(
      [],
    );
  });
});

describe('certificates on both sides', () => {
  it('let in whom the table has, and tell the others what is missing', async () => {
    const { port, denials } = await serveLearner(asRole('learner'));
    const coordinator = learnerAt(port, asRole('coordinator'));
    expect((await coordinator.getState()).appliedIterations).toBe(7);
    expect(await coordinator.recordEvaluation()).toEqual({ recorded: true });
    const voter = learnerAt(port, asRole('voter'));
    expect((await voter.getState()).appliedIterations).toBe(7);
    await expect(voter.recordEvaluation()).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      message: expect.stringContaining('RecordEvaluation is not for voter; it is for coordinator'),
    });
    await expect(
      learnerAt(port, asRole('policy-rollout')).recordEvaluation(),
    ).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(denials).toEqual(['permission-denied', 'permission-denied']);
  });

  it('give a worker the weights of its own role, and a relay those of both', async () => {
    const { port, denials } = await serveLearner(asRole('learner'));
    const policy = asRole('policy-rollout');
    expect(await asksFor('policy', port, policy)).toEqual(['ok', 'ok', 'ok']);
    expect(denials).toEqual([]);
    const refused = expect.stringMatching(
      /gives policy-rollout what is of the policy model alone; it asked for ROLE_MOMENTUM/,
    );
    expect(await asksFor('momentum', port, policy)).toEqual([refused, refused, refused]);
    expect(denials).toEqual(Array(3).fill('permission-denied'));
    const momentum = asRole('momentum-rollout');
    expect(await asksFor('momentum', port, momentum)).toEqual(['ok', 'ok', 'ok']);
    expect(await asksFor('policy', port, momentum)).not.toContain('ok');
    const relay = asRole('weight-relay');
    for (const role of ['policy', 'momentum'] as const) {
      expect((await asksFor(role, port, relay)).slice(1)).toEqual(['ok', 'ok']);
    }
  });

  it('keep out who has none, one of another authority, or speaks plainly', async () => {
    const others = makeSecrets();
    closers.push(() => others.remove());
    const { port } = await serveLearner(asRole('learner'));
    const mixed = security({
      certificates: { ...others.certificates('voter'), ca: secrets.certificates('voter').ca },
    });
    const lone = learnerAt(port, mixed);
    await expect(lone.getState()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(learnerAt(port).getState()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const stranger = learnerAt(port, asRole('voter', others));
    await expect(stranger.getState()).rejects.toThrow(/certificate/);
  });

  it('keep out an expired one, which its owner refuses too', async () => {
    const short = makeSecrets({ days: -1 });
    closers.push(() => short.remove());
    expect(() => asRole('voter', short)).toThrow(/expired at .*; renew it/);
  });

  it('do not let one service pass for another', async () => {
    const { port } = await serveLearner(asRole('policy-rollout'));
    await expect(learnerAt(port, asRole('voter')).getState()).rejects.toThrow(
      /names URI:mgrpo:\/\/role\/policy-rollout.*not mgrpo:\/\/role\/learner/,
    );
  });

  it('are checked by the process that has them', async () => {
    expect(() => asRole('nobody')).toThrow(/names no role/);
    const voter = secrets.certificates('voter');
    const certificates = { ...voter, key: secrets.certificates('learner').key };
    expect(() => security({ certificates })).toThrow(/has another key/);
    expect(() => security({ certificates: { ...voter, ca: voter.key } })).toThrow(
      /deployment.security.ca is no PEM certificate/,
    );
    expect(() => security({ certificates: { ...voter, key: '/nowhere' } })).toThrow(
      /deployment.security.key: \/nowhere can't be read/,
    );
    const others = makeSecrets();
    closers.push(() => others.remove());
    const foreign = { ...voter, ca: others.certificates('voter').ca };
    const own = security({ certificates: foreign });
    const { port } = await serveLearner(own);
    await expect(checkOwnCertificate(port, '127.0.0.1', own)).rejects.toThrow(
      /our own certificate is not accepted/,
    );
  });

  it('are taken up when they change, and no stream ends for it', async () => {
    const own = makeSecrets();
    const next = makeSecrets();
    closers.push(
      () => own.remove(),
      () => next.remove(),
    );
    const problems: string[] = [];
    const watched = security({
      certificates: own.certificates('learner'),
      onProblem: (message) => problems.push(message),
    });
    const { port } = await serveLearner(watched);
    const { client } = learnerAt(port, asRole('coordinator', own));
    const states = serverStream('learner', (...call) => client.watch({}, ...call));
    await states.next();
    await expect(learnerAt(port, asRole('voter', next)).getState()).rejects.toThrow();
    writeFileSync(join(own.folder, 'learner/tls.crt'), 'half a fi');
    await expect.poll(() => problems).toEqual([expect.stringMatching(/is no PEM certificate/)]);
    cpSync(join(next.folder, 'learner'), join(own.folder, 'learner'), { recursive: true });
    const renewed = learnerAt(port, asRole('voter', next));
    await expect.poll(() => renewed.getState().catch(() => null)).not.toBeNull();
    for (let i = 0; i < 5; i++) expect((await states.next()).done).toBe(false);
    await states.return(undefined);
  });
});

describe('tokens', () => {
  it('let in whom the table has, over plain connections', async () => {
    const tokenFile = secrets.tokenFile('coordinator');
    const voterToken = secrets.tokenFile('voter');
    const { tokensFile } = secrets;
    const { port, denials } = await serveLearner(security({ tokensFile }));
    expect(await learnerAt(port, security({ tokenFile })).recordEvaluation()).toEqual({
      recorded: true,
    });
    const voter = learnerAt(port, security({ tokenFile: voterToken }));
    await expect(voter.recordEvaluation()).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(learnerAt(port).getState()).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringContaining('deployment.security.tokenFile'),
    });
    const wrong = join(secrets.folder, 'wrong');
    writeFileSync(wrong, 'f'.repeat(64));
    await expect(learnerAt(port, security({ tokenFile: wrong })).getState()).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    expect(denials).toEqual(['permission-denied', 'unauthenticated', 'unauthenticated']);
    secrets.tokenFile('voter');
    await expect.poll(() => voter.getState().catch(() => null)).not.toBeNull();
  });

  it('give a worker the weights of its own role', async () => {
    const tokenFile = secrets.tokenFile('momentum-rollout');
    const { port } = await serveLearner(security({ tokensFile: secrets.tokensFile }));
    const momentum = security({ tokenFile });
    expect(await asksFor('momentum', port, momentum)).toEqual(['ok', 'ok', 'ok']);
    expect(await asksFor('policy', port, momentum)).not.toContain('ok');
  });

  it('are refused in files that hold something else, without being printed', () => {
    const file = join(secrets.folder, 'bad');
    writeFileSync(file, 'short');
    expect(() => security({ tokenFile: file })).toThrow(/must hold one line of at least 32/);
    writeFileSync(file, 'voter 0123456789-a-token-by-mistake-0123456789');
    expect(() => security({ tokensFile: file })).toThrow(/bad:1 must be ROLE SHA256/);
    expect(() => security({ tokensFile: file })).not.toThrow(/by-mistake/);
  });
});
