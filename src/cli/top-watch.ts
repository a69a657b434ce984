/** The loop of `lockdep top`: ask, draw, wait for a key or for the next time. */
import type { AskOptions } from '../attach/ask.js';
import { AttachError } from '../attach/attach-error.js';
import { isAlive } from '../attach/target.js';
import { print } from './command.js';
import { ask, asking } from './ps-look.js';
import { SORTS, type Sort } from './ps-text.js';
import { Screen } from './screen.js';
import { topFrame, type Sample } from './top-text.js';

export interface WatchOptions {
  readonly pid: number;
  readonly json: boolean;
  /** Milliseconds. */
  readonly interval: number;
  /** Frames. */
  readonly count: number;
}

/** Throws an AttachError where the process can not be asked, unless it has ended meanwhile. */
export async function watch(options: WatchOptions, askOptions: AskOptions): Promise<void> {
  const screen = new Screen();
  let frames = 0;
  let hasEnded = false;
  try {
    await asking(options.pid, askOptions, async (question) => {
      const watcher = new Watcher(options, screen);
      for (; frames < options.count; frames++) {
        watcher.take(await ask(question));
        if (frames === 0 && !options.json) screen.open();
        watcher.draw();
        if (frames + 1 < options.count && (await watcher.waits())) return;
      }
    });
  } catch (error) {
    hasEnded = frames > 0 && error instanceof AttachError && !isAlive(options.pid);
    if (!hasEnded) throw error;
  } finally {
    screen.close();
  }
  if (hasEnded) askOptions.tell(`process ${options.pid} has ended`);
}

class Watcher {
  readonly #options: WatchOptions;
  readonly #screen: Screen;
  #sort: Sort = 'age';
  #isPaused = false;
  #before: Sample | undefined;
  #sample: Sample | undefined;

  constructor(options: WatchOptions, screen: Screen) {
    this.#options = options;
    this.#screen = screen;
  }

  take(sample: Sample): void {
    this.#before = this.#sample;
    this.#sample = sample;
  }

  draw(): void {
    const { pid, json } = this.#options;
    const sample = this.#sample as Sample;
    if (json) {
      print(`${JSON.stringify({ about: sample.about, waits: sample.table })}\n`);
      return;
    }
    const screen = this.#screen;
    const how = { pid, sort: this.#sort, isPaused: this.#isPaused, hasKeys: screen.hasKeys, ...screen.size };
    screen.draw(topFrame(sample, this.#before, how));
  }

  /** Until it is time for the next frame; true: it is time to end. */
  async waits(): Promise<boolean> {
    const { interval } = this.#options;
    for (let due = performance.now() + interval; ;) {
      const left = this.#isPaused ? FOREVER : due - performance.now();
      if (left <= 0) return false;
      const key = await this.#screen.key(left);
      if (key === undefined) continue;
      if (key === 'q') return true;
      if (key === 's') this.#sort = SORTS[(SORTS.indexOf(this.#sort) + 1) % SORTS.length] as Sort;
      if (key === 'p') {
        this.#isPaused = !this.#isPaused;
        due = performance.now() + (this.#isPaused ? interval : 0);
      }
      this.draw();
    }
  }
}

/** Longer than anybody looks at a frame. */
const FOREVER = 2 ** 31 - 1;
