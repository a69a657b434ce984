/** One async function that does what it is asked, so that what it acquires and releases belongs to one flow. */
export class Actor {
  #receive: ((job: () => Promise<void>) => void) | undefined;
  readonly #jobs: (() => Promise<void>)[] = [];

  constructor() {
    void this.#serve();
  }

  do<T>(fn: () => T | Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const job = async (): Promise<void> => {
        try {
          resolve(await fn());
        } catch (error) {
          reject(error);
        }
      };
      const receive = this.#receive;
      this.#receive = undefined;
      if (receive === undefined) this.#jobs.push(job);
      else receive(job);
    });
  }

  async #serve(): Promise<never> {
    for (;;) {
      const job =
        this.#jobs.shift() ?? (await new Promise<() => Promise<void>>((resolve) => (this.#receive = resolve)));
      await job();
    }
  }
}

/** Shows where a promise stands, and keeps its rejection handled. */
export class Watched<T> {
  state: 'pending' | 'fulfilled' | 'rejected' = 'pending';
  value: T | undefined;
  error: unknown;

  constructor(promise: Promise<T>) {
    promise.then(
      (value) => {
        this.state = 'fulfilled';
        this.value = value;
      },
      (error: unknown) => {
        this.state = 'rejected';
        this.error = error;
      },
    );
  }
}
