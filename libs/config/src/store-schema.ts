import { z } from 'zod';
import { integer, milliseconds, path } from './keys.ts';

/** s3://bucket or s3://bucket/prefix; a segment of dots alone would leave the prefix. */
const storeUrl = z
  .string()
  .regex(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/(?!\.+(\/|$))[\w.=+-]+)*\/?$/);

/**
 * Where runs are kept outside of their machine, and inputs come from. Credentials come from the environment or the files that
 * it names, never from here.
 */
export const storeSchema = z
  .strictObject({
    url: storeUrl
      .nullable()
      .default(null)
      .describe(
        's3://bucket/prefix of an S3-compatible store that checkpoints and journal are uploaded to, one prefix for each run; null keeps the run in its folder alone',
      ),
    endpoint: z
      .string()
      // No user and password: they would stand in stored configurations.
      .regex(/^https?:\/\/[^\s/@?#]+$/)
      .nullable()
      .default(null)
      .describe(
        'https://host:port of the store, for `url` and for inputs from s3://; null: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or Amazon’s',
      ),
    region: z
      .string()
      .regex(/^[a-z0-9-]{1,32}$/)
      .nullable()
      .default(null)
      .describe('region of the bucket; null: AWS_REGION, AWS_DEFAULT_REGION, or us-east-1'),
    addressing: z
      .enum(['path', 'virtual'])
      .default('path')
      .describe('whether the bucket stands in the path or before the host of a request'),
    restore: z
      .boolean()
      .default(true)
      .describe(
        'whether a learner whose run folder is empty takes the run from the store before it starts one',
      ),
    attempts: integer(1, 100)
      .default(5)
      .describe('tries of one request after 429, 5xx or a broken connection'),
    requestMs: milliseconds
      .default(60_000)
      .describe('one try: a request and its answer, of 8 MiB or little more (ms)'),
    retryMs: milliseconds
      .default(60_000)
      .describe('longest pause before an upload that failed is tried again (ms)'),
    cacheFolder: path
      .nullable()
      .default(null)
      .describe(
        'folder for inputs from s3://, by their contents; null: .cache/mgrpo in the home folder',
      ),
  })
  .prefault({})
  .describe('an S3-compatible store (docs/operations.md)');
