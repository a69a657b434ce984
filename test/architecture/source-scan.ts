/**
 * A small scanner of TypeScript source: just enough to tell code from comments and strings, to find the modules that a
 * file imports, and to tell whether an `await` stands outside every async function. It does not check syntax; the
 * compiler has done so.
 */

export type TokenKind = 'word' | 'punctuation' | 'string' | 'template' | 'regex' | 'number';

export interface Token {
  readonly kind: TokenKind;
  /** The text as written; of a string its contents, without the quotes. */
  readonly text: string;
  /** The first and last line that the token stands on, from 1. */
  readonly line: number;
  readonly lastLine: number;
}

/** How one module refers to another. */
export interface ModuleReference {
  readonly specifier: string;
  readonly kind: 'import' | 'import type' | 'export from' | 'dynamic import' | 'require';
  readonly line: number;
}

const wordStart = /[\p{ID_Start}$_#@]/u;
const wordPart = /[\p{ID_Continue}$\u200c\u200d]/u;

/** After these words a slash begins a regular expression; after any other word it divides. */
const wordsBeforeRegex = new Set([
  'await',
  'case',
  'delete',
  'do',
  'else',
  'extends',
  'in',
  'instanceof',
  'new',
  'of',
  'return',
  'throw',
  'typeof',
  'void',
  'yield',
]);

class Scanner {
  readonly tokens: Token[] = [];
  readonly #source: string;
  #position = 0;
  #line = 1;

  constructor(source: string) {
    this.#source = source;
  }

  /** Scans to the end of the source, or to the `}` that ends a substitution in a template. */
  scan(insideTemplate: boolean): void {
    let depth = 0;
    while (this.#position < this.#source.length) {
      const char = this.#peek();
      if (insideTemplate && char === '}' && depth === 0) {
        return;
      }
      if (char === '{') {
        depth += 1;
      } else if (char === '}') {
        depth -= 1;
      }
      this.#next(char);
    }
  }

  #next(char: string): void {
    if (/\s/.test(char)) {
      this.#advance(1);
    } else if (this.#starts('//') || (this.#position === 0 && this.#starts('#!'))) {
      this.#advanceTo(this.#source.indexOf('\n', this.#position));
    } else if (this.#starts('/*')) {
      this.#advanceTo(this.#source.indexOf('*/', this.#position + 2));
      this.#advance(2);
    } else if (char === "'" || char === '"') {
      this.#string(char);
    } else if (char === '`') {
      this.#template();
    } else if (char === '/' && this.#regexMayStart()) {
      this.#regex();
    } else if (/[0-9]/.test(char)) {
      this.#add('number', this.#match(/[0-9][\w.]*/y));
    } else if (wordStart.test(char)) {
      this.#word();
    } else if (this.#starts('=>') || this.#starts('?.')) {
      this.#add('punctuation', this.#source.slice(this.#position, this.#position + 2));
    } else {
      this.#add('punctuation', char);
    }
  }

  #word(): void {
    let end = this.#position + 1;
    while (end < this.#source.length && wordPart.test(this.#source[end] ?? '')) {
      end += 1;
    }
    this.#add('word', this.#source.slice(this.#position, end));
  }

  #string(quote: string): void {
    const text = this.#match(quote === "'" ? /'(?:[^'\\]|\\[\s\S])*'?/y : /"(?:[^"\\]|\\[\s\S])*"?/y);
    this.#add('string', text, text.slice(1, -1));
  }

  /** A template is one token for its text, followed by the tokens of its substitutions. */
  #template(): void {
    const line = this.#line;
    const index = this.tokens.length;
    let text = '';
    this.#advance(1);
    while (this.#position < this.#source.length && this.#peek() !== '`') {
      if (this.#starts('${')) {
        this.#advance(2);
        this.tokens.push({ kind: 'punctuation', text: '(', line: this.#line, lastLine: this.#line });
        this.scan(true);
        this.tokens.push({ kind: 'punctuation', text: ')', line: this.#line, lastLine: this.#line });
        this.#advance(1);
      } else {
        const length = this.#peek() === '\\' ? 2 : 1;
        text += this.#source.slice(this.#position, this.#position + length);
        this.#advance(length);
      }
    }
    this.#advance(1);
    this.tokens.splice(index, 0, { kind: 'template', text, line, lastLine: this.#line });
  }

  #regexMayStart(): boolean {
    const before = this.tokens.at(-1);
    if (before === undefined) {
      return true;
    }
    if (before.kind === 'word') {
      return wordsBeforeRegex.has(before.text);
    }
    return before.kind === 'punctuation' && !/^[)\]}]$/.test(before.text);
  }

  #regex(): void {
    this.#add('regex', this.#match(/\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*|\//y));
  }

  #add(kind: TokenKind, written: string, text: string = written): void {
    const line = this.#line;
    this.#advance(Math.max(written.length, 1));
    this.tokens.push({ kind, text, line, lastLine: this.#line });
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#position;
    return pattern.exec(this.#source)?.[0] ?? '';
  }

  #advanceTo(index: number): void {
    this.#advance((index === -1 ? this.#source.length : index) - this.#position);
  }

  #advance(length: number): void {
    for (let i = 0; i < length; i++) {
      if (this.#source[this.#position] === '\n') {
        this.#line += 1;
      }
      this.#position += 1;
    }
  }

  #starts(text: string): boolean {
    return this.#source.startsWith(text, this.#position);
  }

  #peek(): string {
    return this.#source[this.#position] ?? '';
  }
}

export function scan(source: string): readonly Token[] {
  const scanner = new Scanner(source);
  scanner.scan(false);
  return scanner.tokens;
}

/** How many lines hold code: not blank, and not comment alone. */
export function countCodeLines(tokens: readonly Token[]): number {
  const lines = new Set<number>();
  for (const token of tokens) {
    for (let line = token.line; line <= token.lastLine; line++) {
      lines.add(line);
    }
  }
  return lines.size;
}

const isWord = (token: Token | undefined, text: string): boolean => token?.kind === 'word' && token.text === text;
const isMark = (token: Token | undefined, text: string): boolean =>
  token?.kind === 'punctuation' && token.text === text;
const isMember = (before: Token | undefined): boolean => isMark(before, '.') || isMark(before, '?.');

/** Every module that the source refers to, in whatever way. A computed `import(x)` has the specifier ''. */
export function moduleReferences(tokens: readonly Token[]): readonly ModuleReference[] {
  const found: ModuleReference[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'word' || isMember(tokens[index - 1])) {
      continue;
    }
    const next = tokens[index + 1];
    if ((token.text === 'import' || token.text === 'require') && isMark(next, '(')) {
      const argument = tokens[index + 2];
      const literal = argument?.kind === 'string' || argument?.kind === 'template';
      const kind = token.text === 'import' ? 'dynamic import' : 'require';
      found.push({ specifier: literal ? argument.text : '', kind, line: token.line });
    } else if (token.text === 'import' || token.text === 'export') {
      const reference = statementReference(tokens, index);
      if (reference !== undefined) {
        found.push(reference);
      }
    }
  }
  return found;
}

/** The reference in the import or export statement that begins here; undefined when it names no module. */
function statementReference(tokens: readonly Token[], start: number): ModuleReference | undefined {
  const first = tokens[start];
  const second = tokens[start + 1];
  if (first === undefined || second === undefined) {
    return undefined;
  }
  if (first.text === 'import' && second.kind === 'string') {
    return { specifier: second.text, kind: 'import', line: first.line };
  }
  // What may stand before `from`: names, braces, commas, a star. Anything else is not a statement about a module.
  for (let index = start + 1; index < tokens.length; index++) {
    const token = tokens[index];
    const after = tokens[index + 1];
    if (isWord(token, 'from') && after?.kind === 'string') {
      const type = isWord(second, 'type') ? 'import type' : 'import';
      return { specifier: after.text, kind: first.text === 'export' ? 'export from' : type, line: first.line };
    }
    if (token?.kind !== 'word' && token?.kind !== 'string' && !/^[{},*]$/.test(token?.text ?? '')) {
      return undefined;
    }
    if (first.text === 'export' && token?.kind === 'word' && declarations.has(token.text)) {
      return undefined;
    }
  }
  return undefined;
}

/** After `export`, these begin a declaration. */
const declarations = new Set(['abstract', 'async', 'class', 'const', 'declare', 'function', 'interface', 'let', 'var']);

/** Lines with an `await` that belongs to no async function: top-level await, which `require()` cannot load. */
export function topLevelAwaits(tokens: readonly Token[]): readonly number[] {
  const lines: number[] = [];
  for (const [index, token] of tokens.entries()) {
    const property = isMember(tokens[index - 1]) || isMark(tokens[index + 1], ':');
    if (token.kind === 'word' && token.text === 'await' && !property && !insideAsync(tokens, index)) {
      lines.push(token.line);
    }
  }
  return lines;
}

/**
 * Walks outwards from a token, bracket by bracket. What stands before each opening bracket, back to where its statement
 * begins, is the head of the function when the bracket is a function's; an `async` in it settles the matter.
 */
function insideAsync(tokens: readonly Token[], start: number): boolean {
  let head = false;
  for (let index = start - 1; index >= 0; index--) {
    const token = tokens[index];
    if (token?.kind === 'word' && token.text === 'async') {
      return true;
    }
    if (token?.kind !== 'punctuation') {
      continue;
    }
    if (token.text === ';' || (token.text === ',' && !head)) {
      index = openingBefore(tokens, index);
      head = isMark(tokens[index], '{');
    } else if (token.text === '{' || token.text === '(' || token.text === '[') {
      head = token.text === '{';
    } else if (token.text === '}' && endsStatement(tokens[index + 1])) {
      index = openingBefore(tokens, index + 1);
      head = isMark(tokens[index], '{');
    } else if (token.text === '}' || token.text === ')' || token.text === ']') {
      index = openingBefore(tokens, index);
    }
  }
  return false;
}

/** A `}` ends a block, and not a type or an object in the middle of something, when a new word follows it. */
function endsStatement(after: Token | undefined): boolean {
  return after?.kind === 'word' && after.text !== 'extends' && after.text !== 'is';
}

/** The index of the bracket that encloses this place, or -1. For a closing bracket that is the one it closes. */
function openingBefore(tokens: readonly Token[], start: number): number {
  let index = start - 1;
  while (index >= 0) {
    const token = tokens[index];
    if (token?.kind === 'punctuation') {
      if (/^[{([]$/.test(token.text)) {
        return index;
      }
      if (/^[})\]]$/.test(token.text)) {
        index = openingBefore(tokens, index);
      }
    }
    index -= 1;
  }
  return -1;
}
