import type { RunConfig } from '@mgrpo/config';
import { parseStoreUrl } from './address.ts';
import { Bucket } from './bucket.ts';
import { type Environment, readCredentials } from './credentials.ts';

/** The bucket behind an s3:// address, by the configuration's settings or else the usual variables. */
export function openBucket(
  url: string,
  {
    store,
    env,
    signal = new AbortController().signal,
  }: { store: RunConfig['deployment']['store']; env: Environment; signal?: AbortSignal },
): Bucket {
  const region = store.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? 'us-east-1';
  const named = store.endpoint ?? env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL;
  const { addressing, attempts, requestMs } = store;
  const settings = {
    endpoint: named ?? `https://s3.${region}.amazonaws.com`,
    credentials: () => readCredentials(env),
    ...{ region, addressing, attempts, requestMs },
  };
  return new Bucket(parseStoreUrl(url), settings, signal);
}
