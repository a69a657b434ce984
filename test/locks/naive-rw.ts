/** A reader/writer lock as obvious code: an array of those who wait, sorted anew at every step, and one of those who are in. */

export type Mode = 'read' | 'write';
export type Fairness = 'fifo' | 'reader-preferring';

interface Waiter {
  readonly id: number;
  readonly mode: Mode;
  readonly priority: number;
  /** When it gives up. */
  readonly due: number;
}

export class NaiveRw {
  /** What happened, in order: who got in, and who was turned away and why. */
  readonly log: string[] = [];
  readonly #fairness: Fairness;
  #now = 0;
  #waiting: Waiter[] = [];
  #inside: { readonly id: number; mode: Mode }[] = [];

  constructor(fairness: Fairness) {
    this.#fairness = fairness;
  }

  get readers(): number {
    return this.#inside.filter(({ mode }) => mode === 'read').length;
  }

  get writer(): boolean {
    return this.#inside.some(({ mode }) => mode === 'write');
  }

  get waiting(): readonly number[] {
    return this.#waiting.map(({ id }) => id);
  }

  get inside(): readonly number[] {
    return this.#inside.map(({ id }) => id);
  }

  modeOf(id: number): Mode | undefined {
    return this.#inside.find((holder) => holder.id === id)?.mode;
  }

  request(id: number, mode: Mode, priority: number, timeout: number): void {
    if (this.#mayEnter(mode, priority)) this.#enter(id, mode);
    else this.#waiting.push({ id, mode, priority, due: this.#now + timeout });
  }

  try(id: number, mode: Mode): void {
    if (this.#mayEnter(mode, 0)) this.#enter(id, mode);
    else this.log.push(`${id} not in`);
  }

  leave(id: number): void {
    this.#inside = this.#inside.filter((holder) => holder.id !== id);
    this.#letIn();
  }

  downgrade(id: number): void {
    for (const holder of this.#inside) if (holder.id === id) holder.mode = 'read';
    this.#letIn();
  }

  abort(id: number): void {
    this.#giveUp(id, 'aborted');
  }

  cancel(): void {
    for (const { id } of this.#inOrder()) this.log.push(`${id} cancelled`);
    this.#waiting = [];
  }

  advance(by: number): void {
    const end = this.#now + by;
    for (;;) {
      const [first] = this.#waiting.toSorted((a, b) => a.due - b.due || a.id - b.id);
      if (first === undefined || first.due > end) break;
      this.#now = first.due;
      this.#giveUp(first.id, 'timed out');
    }
    this.#now = end;
  }

  #giveUp(id: number, why: string): void {
    if (!this.waiting.includes(id)) return;
    this.#waiting = this.#waiting.filter((waiter) => waiter.id !== id);
    this.log.push(`${id} ${why}`);
    this.#letIn();
  }

  #isFree(mode: Mode): boolean {
    return mode === 'read' ? !this.writer : this.#inside.length === 0;
  }

  #mayEnter(mode: Mode, priority: number): boolean {
    if (!this.#isFree(mode)) return false;
    return this.#fairness === 'reader-preferring' || this.#waiting.every((waiter) => waiter.priority < priority);
  }

  #enter(id: number, mode: Mode): void {
    this.#inside.push({ id, mode });
    this.log.push(`${id} in`);
  }

  /** Who would be served first comes first; requests carry rising ids. */
  #inOrder(): Waiter[] {
    const readersFirst = this.#fairness === 'reader-preferring';
    const side = ({ mode }: Waiter): number => (readersFirst && mode === 'write' ? 1 : 0);
    return this.#waiting.toSorted((a, b) => side(a) - side(b) || b.priority - a.priority || a.id - b.id);
  }

  #letIn(): void {
    for (let [next] = this.#inOrder(); next !== undefined && this.#isFree(next.mode); [next] = this.#inOrder()) {
      const { id, mode } = next;
      this.#waiting = this.#waiting.filter((waiter) => waiter.id !== id);
      this.#enter(id, mode);
    }
  }
}
