/** The lock itself under the same commands as its naive twin; every request is a flow of its own. */
import type { RWSemaphore, WriteGuard } from '../../src/index.js';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import type { Mode } from './naive-rw.js';

export type Face = 'acquire' | 'lock' | 'run';

export interface Bounds {
  readonly priority: number;
  readonly timeout: number;
}

const REASONS: Readonly<Record<string, string>> = { AbortError: 'aborted', LockTimeoutError: 'timed out' };

export class RwStage {
  readonly log: string[] = [];
  readonly #instance: IsolatedLockdep;
  readonly #lock: RWSemaphore;
  readonly #leave = new Map<number, () => void>();
  readonly #guards = new Map<number, WriteGuard>();
  readonly #controllers = new Map<number, AbortController>();

  constructor(instance: IsolatedLockdep, lock: RWSemaphore) {
    this.#instance = instance;
    this.#lock = lock;
  }

  request(id: number, mode: Mode, face: Face, { priority, timeout }: Bounds): void {
    const controller = new AbortController();
    if (face !== 'run') this.#controllers.set(id, controller);
    const bounds = { priority, signal: controller.signal, ...(timeout === Infinity ? {} : { timeout }) };
    const failed = (error: unknown): void => {
      this.log.push(`${id} ${REASONS[(error as Error).name] ?? 'cancelled'}`);
    };
    const lock = this.#lock;
    const granted = (leave: () => void): void => this.#granted(id, leave);
    void this.#instance.lockdep.detached(() => {
      if (face === 'acquire') {
        return (mode === 'read' ? lock.acquireRead(bounds) : lock.acquireWrite(bounds)).then(granted, failed);
      }
      if (face === 'run') {
        const inside = (): Promise<void> => new Promise((resolve) => granted(resolve));
        return (mode === 'read' ? lock.runRead(inside, bounds) : lock.runWrite(inside, bounds)).catch(failed);
      }
      if (mode === 'read') return lock.lockRead(bounds).then((guard) => granted(() => guard.release()), failed);
      return lock.lockWrite(bounds).then((guard) => {
        this.#guards.set(id, guard);
        granted(() => guard.release());
      }, failed);
    });
  }

  try(id: number, mode: Mode): void {
    const release = this.#instance.lockdep.detached(() =>
      mode === 'read' ? this.#lock.tryAcquireRead() : this.#lock.tryAcquireWrite(),
    );
    if (release === undefined) this.log.push(`${id} not in`);
    else this.#granted(id, release);
  }

  leave(id: number): void {
    this.#leave.get(id)?.();
    this.#leave.delete(id);
    this.#guards.delete(id);
  }

  canDowngrade(id: number): boolean {
    return this.#guards.has(id);
  }

  downgrade(id: number): void {
    const read = this.#guards.get(id)?.downgrade();
    this.#guards.delete(id);
    if (read !== undefined) this.#leave.set(id, () => read.release());
  }

  /** Is it told at once when it is aborted? The caller of a scope hears some turns later. */
  canAbort(id: number): boolean {
    return this.#controllers.has(id);
  }

  abort(id: number): void {
    this.#controllers.get(id)?.abort();
  }

  cancel(): void {
    this.#lock.cancel();
  }

  #granted(id: number, leave: () => void): void {
    this.#leave.set(id, leave);
    this.log.push(`${id} in`);
  }
}
