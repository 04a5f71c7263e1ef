import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { MgrpoError } from '@mgrpo/errors';
import { callersOf } from './access.ts';
import type { PeerSecurity } from './peer-security.ts';
import { toStatus } from './status.ts';

/** Why calls are refused; the label of the metric that counts them. */
export type Denial = 'unauthenticated' | 'permission-denied';

interface Caller {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** Of the caller's certificate. */
  readonly alternativeNames: string | undefined;
  readonly authorization: string | undefined;
}

/** Lets calls through whose caller the table of access has; answers the others and tells `onDenied`. */
export function authorizer(
  security: PeerSecurity,
  onDenied: (denial: Denial) => void,
): ServerInterceptor {
  return ({ path }, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, accept) => {
            const error = refusalOf(security, {
              path,
              alternativeNames: call.getAuthContext().sslPeerCertificate?.subjectaltname,
              authorization: metadata.get('authorization')[0]?.toString(),
            });
            if (error === null) return accept(metadata);
            onDenied(error.code === 'UNAUTHENTICATED' ? 'unauthenticated' : 'permission-denied');
            call.sendStatus(toStatus(error));
          },
        }),
    });
}

function refusalOf(security: PeerSecurity, { path, ...caller }: Caller): MgrpoError | null {
  const allowed = callersOf(path);
  if (allowed === 'anyone') return null;
  const role = security.roleOf(caller);
  if (role === null) {
    return new MgrpoError(
      'UNAUTHENTICATED',
      `${path} needs to know who calls: ${security.whatIsAsked}`,
    );
  }
  if (allowed.includes(role)) return null;
  const who = allowed.length === 0 ? 'nobody' : allowed.join(', ');
  return new MgrpoError('PERMISSION_DENIED', `${path} is not for ${role}; it is for ${who}`);
}
