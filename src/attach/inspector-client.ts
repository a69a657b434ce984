/**
 * A connection to the inspector of a Node process: requests, replies and events of the DevTools protocol.
 *
 * Invariant: every call settles: by its reply, by its time being over, or by the end of the connection. Listeners that throw
 * make the next call fail, and do not end this process. Cost: one message each way for a call.
 *
 * Callers must not send what waits for this connection to end (`inspector.close()`) and wait for its reply: neither comes.
 */
import { AttachError } from './attach-error.js';

/** Longer than a process is away from its loop, short enough to wait for. */
const REPLY_TIMEOUT = 10_000;
const CLOSE_TIMEOUT = 1000;

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message?: string };
}

interface Call {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** What `Runtime.evaluate` and the like say of a value. */
export interface RemoteValue {
  readonly type?: string;
  readonly objectId?: string;
  readonly value?: unknown;
}

interface Evaluation {
  readonly result: RemoteValue;
  readonly exceptionDetails?: { readonly text?: string; readonly exception?: { readonly description?: string } };
}

export class InspectorClient {
  readonly #socket: WebSocket;
  readonly #calls = new Map<number, Call>();
  readonly #listeners = new Map<string, (params: unknown) => void>();
  #lastId = 0;
  #failure: Error | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#receive(String(data)));
    socket.addEventListener('close', () =>
      this.#end(new AttachError('the process has ended, or closed the connection')),
    );
    socket.addEventListener('error', () => this.#end(new AttachError('the connection to the process has failed')));
  }

  /** Throws an AttachError where nobody answers in time. */
  static async connect(url: string): Promise<InspectorClient> {
    const socket = new WebSocket(url);
    await new Promise<void>((resolve, reject) => {
      const fail = (): void => reject(new AttachError(`the debugger at ${url} takes no connection`));
      const timer = setTimeout(fail, REPLY_TIMEOUT);
      socket.addEventListener('open', () => resolve());
      socket.addEventListener('error', fail);
      socket.addEventListener('open', () => clearTimeout(timer));
      socket.addEventListener('error', () => clearTimeout(timer));
    });
    return new InspectorClient(socket);
  }

  /** Calls back for each event of this name. */
  on(event: string, listener: (params: unknown) => void): void {
    this.#listeners.set(event, listener);
  }

  /** The result of a method. Throws an AttachError for a reply that is an error, or none in time. */
  async call<T>(method: string, params: object = {}, timeout: number = REPLY_TIMEOUT): Promise<T> {
    if (this.#failure !== undefined) throw this.#failure;
    const id = ++this.#lastId;
    const result = await new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#calls.delete(id);
        reject(
          new AttachError(`the process gave no answer within ${timeout / 1000} s: it runs code that is not JavaScript`),
        );
      }, timeout);
      this.#calls.set(id, { resolve, reject, timer });
      this.send(method, params, id);
    });
    return result as T;
  }

  /** Has the connection ended, of itself or by `close`? */
  get isEnded(): boolean {
    return this.#failure !== undefined;
  }

  /** Without waiting for a reply. */
  send(method: string, params: object, id: number = ++this.#lastId): void {
    if (this.#failure !== undefined) return;
    this.#socket.send(JSON.stringify({ id, method, params }));
  }

  /** The value of an expression. `require` is at hand in it. */
  async evaluate(expression: string, options: object = { returnByValue: true }): Promise<RemoteValue> {
    const params = { expression, includeCommandLineAPI: true, silent: true, ...options };
    const { result, exceptionDetails: thrown } = await this.call<Evaluation>('Runtime.evaluate', params);
    if (thrown !== undefined) throw new AttachError(thrown.exception?.description ?? thrown.text ?? 'it threw');
    return result;
  }

  /** Ends the connection; resolves when it is over, or after a second. */
  async close(): Promise<void> {
    this.#socket.close();
    await this.isClosed(CLOSE_TIMEOUT);
  }

  /** Whether the other side ends the connection within this time, or has. */
  async isClosed(timeout: number): Promise<boolean> {
    if (this.#socket.readyState === WebSocket.CLOSED) return true;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeout, false);
      this.#socket.addEventListener('close', () => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  #receive(text: string): void {
    try {
      const { id, method, params, result, error } = JSON.parse(text) as Reply;
      if (id === undefined) {
        this.#listeners.get(method ?? '')?.(params);
        return;
      }
      const call = this.#calls.get(id);
      if (call === undefined) return;
      this.#calls.delete(id);
      clearTimeout(call.timer);
      if (error === undefined) call.resolve(result);
      else call.reject(new AttachError(error.message ?? 'the inspector refused'));
    } catch (error) {
      this.#end(new AttachError((error as Error).message));
    }
  }

  #end(error: Error): void {
    this.#failure ??= error;
    for (const { reject, timer } of this.#calls.values()) {
      clearTimeout(timer);
      reject(this.#failure);
    }
    this.#calls.clear();
  }
}
