import { connect, contracts, openSecurity, RpcServer } from '@mgrpo/rpc';
import { quietTracer } from '@mgrpo/telemetry';
import { onTestFinished } from 'vitest';
import { voterRpc } from './voter-rpc.ts';

/** A VoterService on a port of its own until the test ends; returns a client of it. */
export async function serveVoter(options: Parameters<typeof voterRpc>[0]) {
  const server = await RpcServer.start({
    host: '127.0.0.1',
    port: 0,
    reflection: false,
    services: [
      {
        definition: contracts.VoterService.service,
        implementation: voterRpc(options, quietTracer()),
      },
    ],
  });
  const client = connect(contracts.VoterService, `127.0.0.1:${server.port}`, openSecurity);
  onTestFinished(async () => {
    client.close();
    await server.close(100);
  });
  return client;
}
