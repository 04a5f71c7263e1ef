export { type Attempt, pauseAfter, type RetryPolicy, withRetries } from './retries.ts';
