/**
 * The two kinds of list in a heap snapshot, read from pieces of text: of numbers, and of texts.
 *
 * Invariant: `read` takes what belongs to the list and returns where that ends; `isDone` is true from the closing bracket on.
 * A piece may end within a number, a text or an escape.
 *
 * Cost: linear; nothing is kept of a list of numbers, and a bounded part of each text.
 */

const COMMA = 44;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
const OPEN = 91;
const BACKSLASH = 92;
const CLOSE = 93;
const QUOTE = 34;
const LETTER_U = 117;

/** `[1,2,3]`, whose numbers are whole and not negative. */
export class NumberList {
  isDone = false;
  readonly #take: (value: number) => void;
  #value = -1;

  constructor(take: (value: number) => void) {
    this.#take = take;
  }

  /** Throws a SyntaxError for what is no such number. */
  read(piece: string, from: number): number {
    let value = this.#value;
    let at = from;
    while (at < piece.length) {
      const code = piece.charCodeAt(at++);
      if (code >= DIGIT_0 && code <= DIGIT_9) {
        value = (value < 0 ? 0 : value * 10) + (code - DIGIT_0);
      } else if (code === COMMA || code === CLOSE) {
        if (value >= 0) this.#take(value);
        value = -1;
        if (code !== CLOSE) continue;
        this.isDone = true;
        break;
      } else if (code !== OPEN && code > 32) {
        throw new SyntaxError(`no heap snapshot: ${JSON.stringify(piece[at - 1])} in a list of numbers`);
      }
    }
    this.#value = value;
    return at;
  }
}

/** `["a","b"]`. */
export class TextList {
  isDone = false;
  readonly texts: string[] = [];
  readonly #limit: number;
  /** Escapes as they are written. */
  #text = '';
  #isInside = false;
  /** Characters that an escape still takes. */
  #escape = 0;
  /** Is what is kept of the text at its limit? */
  #isCut = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  read(piece: string, from: number): number {
    let at = from;
    while (at < piece.length && !this.isDone) {
      if (this.#isInside) {
        at = this.#readText(piece, at);
        continue;
      }
      const code = piece.charCodeAt(at++);
      if (code === QUOTE) this.#isInside = true;
      else if (code === CLOSE) this.isDone = true;
      else if (code !== OPEN && code !== COMMA && code > 32) {
        throw new SyntaxError(`no heap snapshot: ${JSON.stringify(piece[at - 1])} in the list of texts`);
      }
    }
    return at;
  }

  /** To the closing quote, or the end of the piece. */
  #readText(piece: string, from: number): number {
    let at = from;
    /** The end of what is kept of this piece: never within an escape. */
    let kept = this.#isCut ? from : -1;
    for (; at < piece.length; at++) {
      const code = piece.charCodeAt(at);
      if (this.#escape > 0) {
        // Of \uXXXX four digits are left behind the letter.
        this.#escape = code === LETTER_U ? 4 : this.#escape - 1;
        continue;
      }
      if (kept < 0 && this.#text.length + at - from >= this.#limit) kept = at;
      if (code === QUOTE) break;
      if (code === BACKSLASH) this.#escape = 1;
    }
    this.#text += piece.slice(from, kept < 0 ? at : kept);
    this.#isCut = kept >= 0;
    if (at === piece.length) return at;
    this.texts.push(this.#text.length > MAX_COPIED || this.#text.includes('\\') ? parsed(this.#text) : this.#text);
    this.#text = '';
    this.#isCut = false;
    this.#isInside = false;
    return at + 1;
  }
}

/** A longer part of a text keeps all of that in memory. */
const MAX_COPIED = 12;

/** A text of its own, without escapes. */
function parsed(text: string): string {
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}
