import { createHash } from 'node:crypto';
import { MgrpoError } from '@mgrpo/errors';
import { type AccessRole, accessRoles } from './access.ts';
import { WatchedFiles } from './watched-files.ts';

/** Whom a token lets in, by the token's SHA-256: who can read the list can't call with it. */
export type TokenRoles = ReadonlyMap<string, AccessRole>;

interface Watching {
  readonly everyMs: number;
  onProblem(message: string): void;
}

/** Tokens are at least this long: they are made by machines, not remembered. */
const minTokenLength = 32;

/** SHA-256 of a token in hex: what a server keeps of the tokens that it takes. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** The token in a file: one line of at least 32 printable characters. */
export function watchToken(path: string, watching: Watching): WatchedFiles<string> {
  return new WatchedFiles({
    files: { 'deployment.security.tokenFile': path },
    parse: (contents) => {
      const token = Object.values(contents)[0]!.toString('utf8').trim();
      if (token.length >= minTokenLength && /^[\x21-\x7e]+$/.test(token)) return token;
      throw new MgrpoError(
        'INVALID_CONFIG',
        `deployment.security.tokenFile: ${path} must hold one line of at least ${minTokenLength} letters and digits, such as openssl rand -hex 32 prints`,
      );
    },
    ...watching,
  });
}

/** The list of tokens that are let in: `ROLE SHA256` a line, # begins a comment. */
export function watchTokenRoles(path: string, watching: Watching): WatchedFiles<TokenRoles> {
  return new WatchedFiles({
    files: { 'deployment.security.tokensFile': path },
    parse: (contents) => parseTokenRoles(Object.values(contents)[0]!.toString('utf8'), path),
    ...watching,
  });
}

function parseTokenRoles(text: string, path: string): TokenRoles {
  const roles = new Map<string, AccessRole>();
  for (const [i, line] of text.split('\n').entries()) {
    const words = line.replace(/#.*/, '').trim().split(/\s+/);
    if (words[0] === '') continue;
    const role = accessRoles.find((candidate) => candidate === words[0]);
    const hash = words[1] ?? '';
    // The line itself may hold a token by mistake, so it is not quoted.
    if (role === undefined || words.length !== 2 || !/^[0-9a-f]{64}$/.test(hash)) {
      throw new MgrpoError(
        'INVALID_CONFIG',
        `deployment.security.tokensFile: ${path}:${i + 1} must be ROLE SHA256, with a role out of ${accessRoles.join(', ')} and the token's hash (printf %s "$TOKEN" | sha256sum)`,
      );
    }
    if (roles.has(hash)) {
      throw new MgrpoError(
        'INVALID_CONFIG',
        `deployment.security.tokensFile: ${path}:${i + 1} repeats a token; each role has its own`,
      );
    }
    roles.set(hash, role);
  }
  return roles;
}

/** The role of `Bearer TOKEN`; null where there is none. Hashes are compared, so time tells nothing of a token. */
export function roleOfBearer(header: string | undefined, roles: TokenRoles): AccessRole | null {
  const token = /^Bearer ([\x21-\x7e]+)$/i.exec(header ?? '')?.[1];
  return token === undefined ? null : (roles.get(tokenHash(token)) ?? null);
}
