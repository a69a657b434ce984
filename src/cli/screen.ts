/**
 * The terminal while something is shown in it that changes: a screen of its own, keys as they are pressed.
 *
 * Invariant: at the end the terminal is as it was: its own screen, its cursor, its keys; also where the process is ended by a signal that can be
 * caught. Where stdout is no terminal frames are printed one below the other, and there are no keys.
 */
const [ENTER, LEAVE] = ['\u001b[?1049h\u001b[?25l', '\u001b[?25h\u001b[?1049l'];
const [HOME, REST_OF_LINE, BELOW] = ['\u001b[H', '\u001b[K', '\u001b[J'];
const [CTRL_C, CTRL_D] = ['\u0003', '\u0004'];
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export class Screen {
  readonly isTerminal: boolean = process.stdout.isTTY;
  readonly hasKeys: boolean = this.isTerminal && process.stdin.isTTY;
  #isOpen = false;
  #wake: () => void = () => {};
  readonly #keys: string[] = [];
  readonly #press = (text: Buffer | string): void => {
    this.#keys.push(...Array.from(String(text)));
    this.#wake();
  };
  readonly #quit = (): void => this.#press('q');
  readonly #redraw = (): void => this.#wake();

  get size(): { readonly rows: number; readonly columns: number } {
    if (!this.isTerminal) return { rows: Infinity, columns: Infinity };
    return { rows: process.stdout.rows, columns: process.stdout.columns };
  }

  open(): void {
    this.#isOpen = true;
    // A reader that has gone away has seen enough.
    process.stdout.on('error', this.#quit);
    for (const signal of ENDING) process.on(signal, this.#quit);
    if (this.isTerminal) {
      process.stdout.write(ENTER);
      process.stdout.on('resize', this.#redraw);
    }
    if (!this.hasKeys) return;
    process.stdin.setRawMode(true);
    process.stdin.on('data', this.#press);
    process.stdin.resume();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const signal of ENDING) process.off(signal, this.#quit);
    if (this.isTerminal) {
      process.stdout.off('resize', this.#redraw);
      process.stdout.write(LEAVE);
    }
    if (!this.hasKeys) return;
    process.stdin.off('data', this.#press);
    process.stdin.setRawMode(false);
    process.stdin.pause();
  }

  draw(lines: readonly string[]): void {
    const text = this.isTerminal
      ? `${HOME}${lines.map((line) => line + REST_OF_LINE).join('\n')}${BELOW}`
      : `${lines.join('\n')}\n\n`;
    process.stdout.write(text);
  }

  /** The next key, '' where another size wants another frame; undefined when the time is over. Quitting, and a signal, is q. */
  async key(timeout: number): Promise<string | undefined> {
    if (this.#keys.length === 0) {
      const woken = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(resolve, timeout, false);
        this.#wake = () => {
          clearTimeout(timer);
          resolve(true);
        };
      });
      if (!woken) return undefined;
    }
    const key = this.#keys.shift() ?? '';
    return key === CTRL_C || key === CTRL_D ? 'q' : key;
  }
}
