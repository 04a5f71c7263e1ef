import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { MgrpoError, messageOf } from '@mgrpo/errors';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const remedy =
  'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a file by AWS_SHARED_CREDENTIALS_FILE';

/**
 * Who we are at the store: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or else the profile AWS_PROFILE of
 * AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials). Read anew for each request, so that a file may be rotated.
 *
 * @throws UNAUTHENTICATED when there is nothing, naming what is missing and never a secret
 */
export async function readCredentials(env: Environment): Promise<Credentials> {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = env;
  if (id && secret) return credentialsOf(id, secret, env.AWS_SESSION_TOKEN);
  const path = env.AWS_SHARED_CREDENTIALS_FILE ?? join(homedir(), '.aws', 'credentials');
  const profile = env.AWS_PROFILE ?? 'default';
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const what = `no credentials for the store: ${path} can't be read (${messageOf(cause)})`;
    throw new MgrpoError('UNAUTHENTICATED', `${what}; ${remedy}`, { cause });
  });
  const values = sectionOf(text, profile);
  const key = values.get('aws_access_key_id');
  const fromFile = values.get('aws_secret_access_key');
  if (key && fromFile) return credentialsOf(key, fromFile, values.get('aws_session_token'));
  throw new MgrpoError(
    'UNAUTHENTICATED',
    `no credentials for the store: ${path} has none for the profile ${profile}; ${remedy}`,
  );
}

function credentialsOf(
  accessKeyId: string,
  secretAccessKey: string,
  sessionToken: string | undefined,
): Credentials {
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
}

/** The keys of `[profile]` in a file of `key = value` lines. */
function sectionOf(text: string, profile: string): Map<string, string> {
  const values = new Map<string, string>();
  let section = '';
  for (const line of text.split('\n').map((each) => each.trim())) {
    if (line.startsWith('[') && line.endsWith(']')) section = line.slice(1, -1).trim();
    const equals = line.indexOf('=');
    if (section !== profile || equals < 1 || /^[#;]/.test(line)) continue;
    values.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim());
  }
  return values;
}
