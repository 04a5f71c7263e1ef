import { Client, Metadata } from '@grpc/grpc-js';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import type { PeerSecurity } from './peer-security.ts';

const selfCallMs = 5000;

/**
 * Connects to our own server as a peer of our own role would: what is wrong with the certificates is found at the
 * start, by us, and not by everyone else as a connection that fails without a word.
 *
 * @throws MgrpoError INVALID_CONFIG with the reason
 */
export async function checkOwnCertificate(
  port: number,
  host: string,
  security: PeerSecurity,
): Promise<void> {
  const role = security.certificateRole;
  if (role === null) return;
  const { credentials, options } = security.clientOptions([role]);
  const local = host.replace(/^0\.0\.0\.0$/, '127.0.0.1').replace(/^(::|\[::\])$/, '[::1]');
  const client = new Client(`${local}:${port}`, credentials, options);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // A call and not a mere connection: by TLS 1.3 a client is connected before the server has judged its certificate.
  client.makeUnaryRequest(
    '/grpc.health.v1.Health/Check',
    (request: Buffer) => request,
    (response) => response,
    Buffer.alloc(0),
    new Metadata(),
    { deadline: Date.now() + selfCallMs },
    (error) => (error ? reject(error) : resolve()),
  );
  try {
    await promise;
  } catch (cause) {
    throw new MgrpoError(
      'INVALID_CONFIG',
      `deployment.security: our own certificate is not accepted by deployment.security.ca (${messageOf(cause)}); both must be of the same authority`,
      { cause },
    );
  } finally {
    client.close();
  }
}
