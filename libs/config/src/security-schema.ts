import { z } from 'zod';
import { milliseconds, path } from './keys.ts';

const file = path.nullable().default(null);

/** Who may call whom. Secrets stand in files; a path may hold {role}, which is the role of the process that reads it. */
export const securitySchema = z
  .strictObject({
    ca: file.describe(
      'PEM of the authority that signs the certificates of the run; with certificate and key, gRPC is TLS with certificates on both sides',
    ),
    certificate: file.describe(
      'PEM certificate of this service; {role} in the path is its role, like voter or operator',
    ),
    key: file.describe('PEM key of the certificate, without a passphrase; {role} as above'),
    tokenFile: file.describe('file with the token that this service calls with; {role} as above'),
    tokensFile: file.describe(
      'file of lines ROLE SHA256: whose tokens are let in, for gRPC without certificates and for /metrics (roles monitoring, operator)',
    ),
    openMetrics: z
      .boolean()
      .default(false)
      .describe('answers /metrics without a token beyond this machine too'),
    insecure: z
      .boolean()
      .default(false)
      .describe(
        'listens beyond this machine without certificates and tokens: only in a network that is closed by other means',
      ),
    reloadMs: milliseconds
      .default(10_000)
      .describe('how often certificates and tokens are looked at for changes (ms)'),
  })
  .prefault({})
  .describe('who may call whom; beyond this machine a service needs it (SECURITY.md)');
