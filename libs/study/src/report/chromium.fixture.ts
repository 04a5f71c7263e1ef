import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Debian's name first. */
const names = ['chromium', 'chromium-browser', 'google-chrome'];

/** The browser of this machine, or null. */
export function findChromium(): string | null {
  return names.find((name) => spawnSync(name, ['--version']).status === 0) ?? null;
}

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: { readonly [key: string]: unknown };
}

/** A page in a headless Chromium, over the DevTools protocol. */
export class BrowserPage {
  /** What the page complained of: uncaught errors, console errors, requests that left the file. */
  readonly complaints: string[] = [];
  readonly #process: ChildProcess;
  readonly #socket: WebSocket;
  readonly #folder: string;
  readonly #waiting = new Map<number, (result: Reply['result']) => void>();
  #lastId = 0;

  constructor(process: ChildProcess, socket: WebSocket, folder: string) {
    this.#process = process;
    this.#socket = socket;
    this.#folder = folder;
    socket.addEventListener('message', ({ data }) => this.#read(JSON.parse(String(data)) as Reply));
  }

  /** Opens a file in a window of `width` × `height`, a phone below 600. */
  static async open(
    browser: string,
    options: { path: string; width: number; height: number; isDark?: boolean },
  ): Promise<BrowserPage> {
    const folder = mkdtempSync(join(tmpdir(), 'mgrpo-chromium-'));
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars'];
    const own = ['--remote-debugging-port=0', `--user-data-dir=${folder}`, 'about:blank'];
    const process = spawn(browser, [...flags, ...own], { stdio: ['ignore', 'ignore', 'pipe'] });
    const port = await debuggingPort(process);
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as {
      type: string;
      webSocketDebuggerUrl: string;
    }[];
    const socket = new WebSocket(targets.find(({ type }) => type === 'page')!.webSocketDebuggerUrl);
    await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
    const page = new BrowserPage(process, socket, folder);
    await page.#show(options);
    return page;
  }

  /** Value of an expression in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const result = await this.send('Runtime.evaluate', { expression, returnByValue: true });
    return (result as { result: { value: unknown } }).result.value;
  }

  send(method: string, params: object = {}): Promise<Reply['result']> {
    const id = ++this.#lastId;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  async close(): Promise<void> {
    this.#socket.close();
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill();
    await ended;
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #show(options: { path: string; width: number; height: number; isDark?: boolean }) {
    const { path, width, height, isDark = false } = options;
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await this.send(`${domain}.enable`);
    const metrics = { width, height, deviceScaleFactor: 1, mobile: width < 600 };
    await this.send('Emulation.setDeviceMetricsOverride', metrics);
    const value = isDark ? 'dark' : 'light';
    const features = [{ name: 'prefers-color-scheme', value }];
    await this.send('Emulation.setEmulatedMedia', { features });
    const loaded = new Promise<void>((resolve) => {
      this.#loaded = resolve;
    });
    await this.send('Page.navigate', { url: `file://${path}` });
    await loaded;
  }

  #loaded: () => void = () => {};

  #read({ id, method, params, result }: Reply): void {
    if (id !== undefined) this.#waiting.get(id)?.(result);
    if (method === 'Page.loadEventFired') this.#loaded();
    const text = JSON.stringify(params);
    if (method === 'Runtime.exceptionThrown' || method === 'Log.entryAdded')
      this.complaints.push(text);
    if (method === 'Runtime.consoleAPICalled' && text.includes('"error"'))
      this.complaints.push(text);
    if (method === 'Network.requestWillBeSent' && !text.includes('"url":"file://'))
      this.complaints.push(text);
  }
}

function debuggingPort(process: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    process.stderr!.on('data', (part) => {
      text += String(part);
      const port = /ws:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1];
      if (port) resolve(port);
    });
    process.once('exit', () => reject(new Error(`the browser ended: ${text}`)));
  });
}
