// Renders chats in a thread of its own: a template may loop, and then the thread is ended.
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '@mgrpo/errors';
import type { RenderAnswer } from './render-chats.ts';
import { compileTemplate, TemplateError } from './render-template.ts';

const maxTextLength = 1 << 20;

const { template } = workerData as { template: string };
let compiled: ReturnType<typeof compileTemplate> | undefined;

parentPort!.on('message', (chats: readonly object[]) => parentPort!.postMessage(answerTo(chats)));

function answerTo(chats: readonly object[]): RenderAnswer {
  try {
    compiled ??= compileTemplate(template);
    const render = compiled;
    const texts = chats.map((chat) => {
      const text = render(chat);
      if (text.length <= maxTextLength) return text;
      throw new TemplateError(`makes a text of ${text.length} characters of one prompt`);
    });
    return { kind: 'texts', texts };
  } catch (error) {
    return { kind: 'failed', message: messageOf(error) };
  }
}
