import { MgrpoError } from '@mgrpo/errors';

/** A bucket, and what all keys begin with: empty, or with a slash at its end. */
export interface StoreAddress {
  readonly bucket: string;
  readonly prefix: string;
}

export const isStoreUrl = (text: string): boolean => text.startsWith('s3://');

/** Reads `s3://bucket/prefix`; INVALID_CONFIG when it is none, or when a segment of dots would lead out of the prefix. */
export function parseStoreUrl(url: string): StoreAddress {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s.exec(url);
  const path = match?.[2]?.replace(/\/$/, '') ?? '';
  if (match === null || (path !== '' && !isSafeKey(path))) {
    throw new MgrpoError(
      'INVALID_CONFIG',
      `${url} is no address of a store; write s3://bucket/prefix`,
    );
  }
  return { bucket: match[1]!, prefix: path === '' ? '' : `${path}/` };
}

/** True for keys that are also relative paths inside a folder. */
export function isSafeKey(key: string): boolean {
  return (
    key.length <= 1024 &&
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what no path may hold
    key.split('/').every((part) => !/^\.*$/.test(part) && !/[\\\x00-\x1f]/.test(part))
  );
}
