import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import type { ChatTemplate } from './chat-template.ts';

/** What the rendering thread answers to a list of chats. */
export type RenderAnswer =
  | { readonly kind: 'texts'; readonly texts: readonly string[] }
  | { readonly kind: 'failed'; readonly message: string };

// Qwen3's template takes 0.2 ms a chat; the limits end what loops or grows, on a busy machine too.
const chatsAtOnce = 1000;
const defaultDeadlineMs = 20_000;
const maxHeapMb = 256;

/**
 * The texts of chats by a model's template, in their order.
 *
 * A template is a program that came with a model: it runs in a thread with bounded time and memory, without
 * the environment.
 *
 * @param chats the template's variables for each chat
 * @throws MgrpoError INVALID_MODEL naming the template, and the line where it fails
 */
export async function renderChats(
  template: ChatTemplate,
  chats: readonly object[],
  deadlineMs = defaultDeadlineMs,
): Promise<string[]> {
  if (chats.length === 0) return [];
  const worker = new Worker(new URL('./render-worker.ts', import.meta.url), {
    workerData: { template: template.text },
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
    env: {},
  });
  // A thread that runs out of memory after its deadline has nobody who waits for its answer: without a listener
  // its error would end this process, and `terminate` would never resolve.
  worker.on('error', () => {});
  try {
    const texts: string[] = [];
    for (let first = 0; first < chats.length; first += chatsAtOnce) {
      const part = chats.slice(first, first + chatsAtOnce);
      const answer = await answerOf(worker, { part, deadlineMs });
      if (answer.kind === 'failed') {
        throw new MgrpoError('INVALID_MODEL', `${template.path}, ${answer.message}`);
      }
      for (const text of answer.texts) texts.push(text);
    }
    return texts;
  } catch (error) {
    if (error instanceof MgrpoError) throw error;
    const isLate = error instanceof Error && error.name === 'AbortError';
    const what = isLate ? `takes more than ${deadlineMs} ms` : `fails: ${messageOf(error)}`;
    throw new MgrpoError('INVALID_MODEL', `${template.path} ${what}; it is broken or hostile`, {
      cause: error,
    });
  } finally {
    await worker.terminate();
  }
}

async function answerOf(
  worker: Worker,
  { part, deadlineMs }: { part: readonly object[]; deadlineMs: number },
): Promise<RenderAnswer> {
  const answer = once(worker, 'message', { signal: AbortSignal.timeout(deadlineMs) });
  worker.postMessage(part);
  const [message] = (await answer) as [RenderAnswer];
  return message;
}
