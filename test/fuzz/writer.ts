/** What the parts of the source generator share: where they are in the program, names, pieces of text. */
import { isSession, helperText, isHelped } from './helpers.js';
import type { Block, LockName, Take, Via } from './program.js';

/** Functions and classes made for the program so far, and the next free number. */
export class Output {
  readonly declarations: string[] = [];
  /** How many shared functions there are to call. */
  readonly sharedCount: number;
  #next = 0;
  constructor(sharedCount: number) {
    this.sharedCount = sharedCount;
  }
  id(): number {
    return this.#next++;
  }
}

export interface Context {
  readonly out: Output;
  /** `yield` in the body of an `__awaiter`. */
  readonly await: 'await' | 'yield';
  /** Is the statement the last of its function, with nothing around it? */
  readonly tail: boolean;
  readonly block: (block: Block, context: Context) => string[];
}

/** Within a statement: no longer at the end of a function. */
export function inside(context: Context): Context {
  return { ...context, tail: false };
}

/** Within a callback that is an async function. */
export function callback(context: Context): Context {
  return { ...context, tail: false, await: 'await' };
}

/** The name of a lock, as an expression. */
export function lockName(name: LockName, id: number): string {
  if (name === 'own') return `'${id}@' + k`;
  return name === 'level' ? `'${id}#' + z` : `'${name}'`;
}

/** Declares the lock `l<id>` and one hold of it, `h<id>`. */
export function declareLock(name: LockName, id: number | string, site: number, label: string, waits = true): string[] {
  const expression = lockName(name, site);
  const flag = waits ? '' : ', false';
  return [`const l${id} = L(${expression});`, `const h${id} = T.hold(${expression}, '${label}'${flag});`];
}

export function declareChild(id: number | string, label: string): string {
  return `const c${id} = T.child(me, '${label}');`;
}

/** What `me` runs for as long as it holds `r<id>`. */
export function held(id: number, release: string, safe: boolean, body: readonly string[]): string[] {
  const end = [`T.release(me, h${id});`, release];
  return safe ? ['try {', ...body, '} finally {', ...end, '}'] : [...body, ...end];
}

interface Acquisition {
  readonly lines: readonly string[];
  readonly release: string;
}

/** Acquires l<id>, so that `me` holds h<id> when the lines have run. */
export function acquisition(take: Pick<Take, 'via' | 'hand' | 'ownHelper'>, id: number, cx: Context): Acquisition {
  const { via } = take;
  if (!isHelped(via)) {
    const call = via === 'guard' ? `l${id}.lock()` : `l${id}.acquire()`;
    const lines = [`T.attempt(me, h${id});`, ...handed(take, id, call, [], cx), `T.got(me, h${id});`];
    return { lines, release: via === 'guard' ? `r${id}.release();` : `r${id}();` };
  }
  const name = take.ownHelper ? `g${id}_${via}` : `H_${via}`;
  if (take.ownHelper) cx.out.declarations.push(helperText(via, name));
  const made = isSession(via) ? [`const o${id} = new ${name}();`] : [];
  const call = isSession(via) ? `o${id}.open(c${id}, l${id}, h${id})` : `${name}(c${id}, l${id}, h${id})`;
  const lines = [
    ...made,
    declareChild(id, `via ${via}${take.ownHelper ? '' : ' shared'}`),
    ...handed(take, id, call, [`T.wait(me, [c${id}]);`], cx),
    `T.cont(me, [c${id}]);`,
    `T.got(me, h${id});`,
  ];
  return { lines, release: isSession(via) ? `o${id}.close();` : `r${id}();` };
}

/** Awaits `call`, which acquires, in one way or another. */
function handed(take: Pick<Take, 'via' | 'hand'>, id: number, call: string, wait: readonly string[], cx: Context) {
  const aw = cx.await;
  const promise = `const p${id} = ${call};`;
  const result = `const r${id} = ${aw} p${id};`;
  switch (take.via === 'thenable' ? 'await' : take.hand) {
    case 'await':
      return [...wait, `const r${id} = ${aw} ${call};`];
    case 'later':
      return [promise, `${aw} R.turn();`, ...wait, result];
    case 'twice':
      return [...wait, promise, `${aw} p${id};`, result];
    case 'second':
      return [...wait, promise, `p${id}.catch(() => {});`, result];
    case 'catch':
      return [...wait, `const r${id} = ${aw} ${call}.catch((e) => {`, 'throw e;', '});'];
    case 'then':
      return [...wait, `const r${id} = ${aw} ${call}.then((r) => r);`];
  }
}

export function labelOf(via: Via, hand: string): string {
  return hand === 'await' ? via : `${via}/${hand}`;
}
