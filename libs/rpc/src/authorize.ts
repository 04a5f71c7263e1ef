import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { MgrpoError } from '@mgrpo/errors';
import { type AccessRole, callersOf, ownRoleAt } from './access.ts';
import type { PeerSecurity } from './peer-security.ts';
import { toStatus } from './status.ts';
import { wireRole } from './weight-transfer.ts';

/** Why calls are refused; the label of the metric that counts them. */
export type Denial = 'unauthenticated' | 'permission-denied';

/**
 * Lets calls through whose caller the table of access has, and requests for a role that is the caller's; answers the
 * others and tells `onDenied`.
 */
export function authorizer(
  security: PeerSecurity,
  onDenied: (denial: Denial) => void,
): ServerInterceptor {
  return ({ path }, call) => {
    let caller: AccessRole | null = null;
    const answer = (error: MgrpoError | null, accept: () => void) => {
      if (error === null) return accept();
      onDenied(error.code === 'UNAUTHENTICATED' ? 'unauthenticated' : 'permission-denied');
      call.sendStatus(toStatus(error));
    };
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, accept) => {
            caller = security.roleOf({
              alternativeNames: call.getAuthContext().sslPeerCertificate?.subjectaltname,
              authorization: metadata.get('authorization')[0]?.toString(),
            });
            answer(refusalOfCaller(path, caller, security.whatIsAsked), () => accept(metadata));
          },
          onReceiveMessage: (message, accept) =>
            answer(refusalOfRequest(path, caller, message), () => accept(message)),
        }),
    });
  };
}

function refusalOfCaller(
  path: string,
  caller: AccessRole | null,
  whatIsAsked: string,
): MgrpoError | null {
  const allowed = callersOf(path);
  if (allowed === 'anyone') return null;
  if (caller === null) {
    return new MgrpoError('UNAUTHENTICATED', `${path} needs to know who calls: ${whatIsAsked}`);
  }
  if (allowed.includes(caller)) return null;
  const who = allowed.length === 0 ? 'nobody' : allowed.join(', ');
  return new MgrpoError('PERMISSION_DENIED', `${path} is not for ${caller}; it is for ${who}`);
}

function refusalOfRequest(
  path: string,
  caller: AccessRole | null,
  request: { readonly role?: unknown },
): MgrpoError | null {
  const own = caller && ownRoleAt(path, caller);
  if (own === null || request.role === wireRole[own]) return null;
  return new MgrpoError(
    'PERMISSION_DENIED',
    `${path} gives ${caller} what is of the ${own} model alone; it asked for ${request.role}`,
  );
}
