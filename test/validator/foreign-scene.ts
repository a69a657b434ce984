/** A pool and a limiter of "another package", which know nothing of this one, and an adapter for each way in which a hold has an owner. */
import { createLockdep, type IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { LockClass, type ForeignAttempt, type ForeignLock, type Mutex } from '../../src/index.js';
import type { LockdepOptions } from '../../src/validator/options.js';

/** Grants from the event loop, as what waits for a socket does. */
export class Pool {
  max: number;
  used = 0;
  readonly #queue: (() => void)[] = [];

  constructor(max: number) {
    this.max = max;
  }

  checkout(callback: (error: Error | undefined) => void, timeout?: number): void {
    let isOver = false;
    const grant = (): void => {
      if (isOver) return;
      isOver = true;
      this.used += 1;
      callback(undefined);
    };
    this.#queue.push(grant);
    setImmediate(() => this.#serve());
    if (timeout === undefined) return;
    setTimeout(() => {
      if (isOver) return;
      isOver = true;
      this.#queue.splice(this.#queue.indexOf(grant), 1);
      callback(new Error('timed out'));
    }, timeout);
  }

  giveBack(): void {
    this.used -= 1;
    setImmediate(() => this.#serve());
  }

  #serve(): void {
    while (this.used < this.max) {
      const grant = this.#queue.shift();
      if (grant === undefined) return;
      grant();
    }
  }
}

/** What the pool hands out. */
export class Client {
  readonly #pool: Pool;
  readonly attempt: ForeignAttempt;

  constructor(pool: Pool, attempt: ForeignAttempt) {
    this.#pool = pool;
    this.attempt = attempt;
  }

  /** The first function that calls it has the client. */
  async query(): Promise<void> {
    this.attempt.usedBy(this.query);
    await turn();
  }

  /** Who awaits it goes on with the client. */
  run(): Promise<void> {
    return this.attempt.takeOver(turn());
  }

  release(): void {
    this.attempt.released(this.release);
    this.#pool.giveBack();
  }
}

export class FollowedPool {
  readonly pool: Pool;
  readonly lock: ForeignLock;

  constructor(pool: Pool, lock: ForeignLock) {
    this.pool = pool;
    this.lock = lock;
  }

  /** Carried by the promise. */
  connect(timeout?: number): Promise<Client> {
    const attempt = this.lock.wanted({ below: this.connect });
    const { promise, resolve, reject } = deferred<Client>();
    this.pool.checkout((error) => {
      if (error === undefined) resolve(new Client(this.pool, attempt));
      else reject(error);
    }, timeout);
    return attempt.carry(promise, (client) => client.release());
  }

  /** By a callback, which has the client while it runs. */
  checkout(callback: (client: Client) => void): void {
    const attempt = this.lock.wanted({ below: this.checkout });
    this.pool.checkout(() => {
      attempt.granted();
      attempt.within(() => callback(new Client(this.pool, attempt)));
    });
  }

  /** The same for a function that awaits it, by way of a promise that carries nothing. */
  obtain(): Promise<Client> {
    return new Promise((resolve) => {
      this.checkout(resolve);
    });
  }

  /** Takes a client and gives it back. */
  query(timeout?: number): Promise<void> {
    const attempt = this.lock.wanted({ owner: 'call', below: this.query });
    const { promise, resolve, reject } = deferred<void>();
    this.pool.checkout((error) => {
      if (error !== undefined) reject(error);
      else {
        this.pool.giveBack();
        resolve();
      }
    }, timeout);
    return attempt.use(promise);
  }
}

/** One callback at a time. */
export class Limiter {
  readonly #pool = new Pool(1);
  readonly lock: ForeignLock;

  constructor(lock: ForeignLock) {
    this.lock = lock;
  }

  run<T>(
    fn: () => T | Promise<T>,
    { shared = false, timeout }: { shared?: boolean; timeout?: number } = {},
  ): Promise<T> {
    const attempt = this.lock.wanted({ owner: 'callback', shared, below: this.run });
    const { promise, resolve, reject } = deferred<T>();
    const onTurn = async (): Promise<void> => {
      try {
        resolve(await attempt.scope(fn));
      } catch (error) {
        reject(error);
      } finally {
        if (!shared) this.#pool.giveBack();
      }
    };
    if (shared) void onTurn();
    else this.#pool.checkout((error) => (error === undefined ? void onTurn() : reject(error)), timeout);
    return attempt.use(promise);
  }
}

export class Scene {
  readonly instance: IsolatedLockdep;
  readonly pool: FollowedPool;
  readonly mutex: Mutex;

  constructor(instance: IsolatedLockdep, size: number) {
    this.instance = instance;
    this.pool = this.poolOf(size, 'pool');
    this.mutex = new instance.Mutex({ class: new LockClass('mutex') });
  }

  poolOf(size: number, name: string): FollowedPool {
    const options = { class: new LockClass(name), kind: 'pool', capacity: size, releasedBy: 'user' } as const;
    return new FollowedPool(new Pool(size), this.instance.trackedLock(options));
  }

  limiter(name: string): Limiter {
    return new Limiter(this.instance.trackedLock({ class: new LockClass(name), kind: 'limiter' }));
  }

  /** `kind tier` of every report. */
  get seen(): string[] {
    return this.instance.lockdep.reports().map(({ kind, tier }) => `${kind} ${tier}`);
  }

  /** What is held and awaited in the whole process. */
  get left(): string {
    return this.instance.lockdep.showAllLocks();
  }
}

export const NOTHING_LEFT = 'no locks are held or awaited';

export type Program = (scene: Scene) => Promise<void>;

/** Runs a program with a pool of 4, and returns what there is to be seen then. */
export async function play(
  program: Program,
  options: Partial<LockdepOptions> & { size?: number } = {},
): Promise<Scene> {
  const { size = 4, ...rest } = options;
  const instance = createLockdep(rest);
  try {
    const scene = new Scene(instance, size);
    await program(scene);
    await turn();
    return { seen: scene.seen, left: scene.left, instance } as Scene;
  } finally {
    instance.dispose();
  }
}

export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((ok, fail) => {
    resolve = ok;
    reject = fail;
  });
  return { promise, resolve, reject };
}
