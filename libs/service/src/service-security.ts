import type { RunConfig } from '@mgrpo/config';
import { MgrpoError } from '@mgrpo/errors';
import { type Denial, PeerSecurity } from '@mgrpo/rpc';

type SecuritySettings = RunConfig['deployment']['security'];

/** The certificates and tokens that a configuration names; `tell` hears of files that change into nonsense. */
export function openPeerSecurity(
  { ca, certificate, key, ...settings }: SecuritySettings,
  tell: (message: string) => void,
): PeerSecurity {
  const hasCertificates = ca !== null && certificate !== null && key !== null;
  return new PeerSecurity({
    certificates: hasCertificates ? { ca, certificate, key } : null,
    tokenFile: settings.tokenFile,
    tokensFile: settings.tokensFile,
    reloadMs: settings.reloadMs,
    onProblem: (message) => tell(`${message}; going on with what was there before`),
  });
}

/** Whether only this machine reaches what listens on `host`. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host === '::1' || /^127(\.\d+){3}$/.test(host);
}

/**
 * Refuses to open a port to other machines when nobody is asked who they are.
 *
 * @returns a warning where the configuration insists
 * @throws MgrpoError INVALID_CONFIG naming the keys
 */
export function requireProtection(
  host: string,
  { insecure }: SecuritySettings,
  peers: PeerSecurity,
): string | null {
  if (isLoopback(host) || peers.isClosed) return null;
  if (insecure) {
    return `${host} is open to whoever reaches it (deployment.security.insecure): weights can be read, runs stopped and votes forged; keep the network closed`;
  }
  throw new MgrpoError(
    'INVALID_CONFIG',
    `refusing to listen on ${host} without authentication: set deployment.security.ca, certificate and key (mgrpo certs makes them) or deployment.security.tokensFile; deployment.security.insecure=true where the network is closed by other means`,
  );
}

/** Why someone with this `Authorization` header may not read /metrics on `host`; null when they may. */
export function metricsDenial(
  authorization: string | undefined,
  { host, settings, peers }: { host: string; settings: SecuritySettings; peers: PeerSecurity },
): Denial | null {
  const isOpen =
    settings.openMetrics ||
    (settings.tokensFile === null && (isLoopback(host) || settings.insecure));
  if (isOpen) return null;
  const role = peers.roleOfBearer(authorization);
  if (role === null) return 'unauthenticated';
  return role === 'monitoring' || role === 'operator' ? null : 'permission-denied';
}
