/** A program as JavaScript: `main(me, k, d, z)`, with a function of its own for each child. */
import { emitChild, emitFailing, emitGroup, emitLeaky, functionBody } from './children.js';
import { helperText, prelude } from './helpers.js';
import { emitHandoff } from './handoffs.js';
import {
  MAX_DEPTH,
  type Abort,
  type Block,
  type Pair,
  type Program,
  type ScopeStmt,
  type Signal,
  type Stmt,
  type Take,
  type Tick,
  type Try,
  type Yielding,
} from './program.js';
import {
  acquisition,
  callback,
  declareChild,
  declareLock,
  held,
  inside,
  labelOf,
  lockName,
  Output,
  type Context,
} from './writer.js';

type Emitters = {
  readonly [K in Stmt['kind']]: (stmt: Extract<Stmt, { kind: K }>, cx: Context) => string[];
};

const EMITTERS: Emitters = {
  tick: emitTick,
  take: emitTake,
  scope: emitScope,
  try: emitTry,
  pair: emitPair,
  child: emitChild,
  group: emitGroup,
  loop: ({ times, body }, cx) => {
    const i = `i${cx.out.id()}`;
    return [`for (let ${i} = 0; ${i} < ${times}; ${i}++) {`, ...emitBlock(body, inside(cx)), '}'];
  },
  yielding: emitYielding,
  signal: emitSignal,
  handoff: emitHandoff,
  leaky: ({ lock, body }, cx) => emitLeaky(lock, body, cx),
  abort: emitAbort,
  branch: ({ yes, no }, cx) => [
    'if (d % 2 === 0) {',
    ...emitBlock(yes, inside(cx)),
    '} else {',
    ...emitBlock(no, inside(cx)),
    '}',
  ],
  fails: ({ body }, cx) => emitFailing(body, cx),
};

function emitBlock(block: Block, cx: Context): string[] {
  return block.flatMap((stmt) => (EMITTERS[stmt.kind] as (stmt: Stmt, cx: Context) => string[])(stmt, cx));
}

const TICK_TEXT = {
  null: 'null',
  micro: 'R.micro()',
  turn: 'R.turn()',
  timer: 'R.sleep()',
  call: 'R.asyncCall()',
} as const;

function emitTick({ how, times }: Tick, cx: Context): string[] {
  return [...Array.from({ length: times }, () => `${cx.await} ${TICK_TEXT[how]};`), 'T.probe(me);'];
}

function emitRival(rival: Take['rival'], lock: string, id: number): string[] {
  if (rival === 'none') return [];
  const parent = rival === 'inside' ? 'me' : 'undefined';
  const call = `rival(T.child(${parent}, 'rival'), l${id}, T.hold(${lockName(lock, id)}, 'rival'), 2)`;
  return [rival === 'inside' ? `void ${call};` : `R.outside(() => void ${call});`];
}

function emitTake(take: Take, cx: Context): string[] {
  const id = cx.out.id();
  const { lines, release } = acquisition(take, id, cx);
  const rival = take.rival === 'none' ? '' : ' contended';
  return [
    ...declareLock(take.lock, id, id, `${labelOf(take.via, take.hand)}${rival}`),
    ...emitRival(take.rival, take.lock, id),
    ...lines,
    'T.probe(me);',
    ...held(id, release, take.safe, emitBlock(take.body, inside(cx))),
  ];
}

function emitScope(scope: ScopeStmt, cx: Context): string[] {
  const id = cx.out.id();
  const first = `T.got(me, h${id});`;
  const label = `scope ${scope.callback}${scope.rival === 'none' ? '' : ' contended'}`;
  const lines = [
    ...declareLock(scope.lock, id, id, label),
    ...emitRival(scope.rival, scope.lock, id),
    `T.attempt(me, h${id});`,
  ];
  const call = `${cx.await} l${id}.runExclusive(`;
  const body = (): string[] => emitBlock(scope.body, callback(cx));
  const release = `T.release(me, h${id});`;
  switch (scope.callback) {
    case 'async':
      return [...lines, `${call}async () => {`, first, ...body(), release, '});'];
    case 'sync':
      return [...lines, `${call}() => {`, first, release, 'return 1;', '});'];
    case 'plain':
      return [...lines, `${call}() => {`, first, 'return (async () => {', ...body(), release, '})();', '});'];
    case 'throws': {
      const failing = ['try {', `${call}async () => {`, first, ...body(), release, "throw new Error('expected');"];
      return [...lines, ...failing, '});', '} catch {}'];
    }
  }
}

function emitTry({ lock, guard, body }: Try, cx: Context): string[] {
  const id = cx.out.id();
  return [
    ...declareLock(lock, id, id, 'try', false),
    `T.attempt(me, h${id});`,
    `const r${id} = l${id}.${guard ? 'tryLock' : 'tryAcquire'}();`,
    `if (r${id}) T.got(me, h${id});`,
    `else T.gaveUp(me, h${id});`,
    ...emitBlock(body, inside(cx)),
    `if (r${id}) T.release(me, h${id});`,
    guard ? `r${id}?.release();` : `r${id}?.();`,
  ];
}

const BOTH = `const c = T.child(me, 'pair');
const e = T.child(me, 'pair');
T.wait(me, [c, e], 'all:');
const [r, s] = await Promise.all([H_async1(c, l, h), H_async1(e, m, i)]);
T.cont(me, [c, e]);
T.got(me, h);
T.got(me, i);`;

const PAIR_TEXT: Readonly<Record<Exclude<Pair['how'], 'direct'>, string>> = {
  helper: `T.attempt(me, h);
const r = await l.acquire();
T.got(me, h);
T.attempt(me, i);
const s = await m.acquire();
T.got(me, i);`,
  all: `T.attempt(me, h);
T.attempt(me, i);
const [r, s] = await Promise.all([l.acquire(), m.acquire()]);
T.got(me, h);
T.got(me, i);`,
  allHelpers: BOTH,
  concurrent: `T.attempt(me, h);
const p = l.acquire();
T.attempt(me, i);
const q = m.acquire();
const r = await p;
T.got(me, h);
const s = await q;
T.got(me, i);`,
};

function emitPair(pair: Pair, cx: Context): string[] {
  const [id, other] = [cx.out.id(), cx.out.id()];
  const locks = [
    ...declareLock('own', id, id, `pair ${pair.how}`),
    ...declareLock('own', other, other, `pair ${pair.how}`),
  ];
  const lines = pair.how === 'direct' ? directPair(id, other, cx) : helpedPair(pair.how, id, other, cx);
  const [first, second] = pair.fifo ? [id, other] : [other, id];
  return [
    ...locks,
    ...lines,
    ...emitBlock(pair.body, inside(cx)),
    ...held(first, `r${first}();`, false, []),
    ...emitBlock(pair.tail, inside(cx)),
    ...held(second, `r${second}();`, false, []),
  ];
}

function directPair(id: number, other: number, cx: Context): string[] {
  return [id, other].flatMap((lock) => [
    `T.attempt(me, h${lock});`,
    `const r${lock} = ${cx.await} l${lock}.acquire();`,
    `T.got(me, h${lock});`,
  ]);
}

function helpedPair(how: keyof typeof PAIR_TEXT, id: number, other: number, cx: Context): string[] {
  cx.out.declarations.push(
    `async function g${id}_pair(me, l, h, m, i) {\n${PAIR_TEXT[how]}\nT.end(me);\nreturn [r, s];\n}`,
  );
  return [
    declareChild(id, `pair ${how}`),
    `T.wait(me, [c${id}]);`,
    `const [r${id}, r${other}] = ${cx.await} g${id}_pair(c${id}, l${id}, h${id}, l${other}, h${other});`,
    `T.cont(me, [c${id}]);`,
    `T.got(me, h${id});`,
    `T.got(me, h${other});`,
  ];
}

/** The generator is the same instance as its consumer: they run in turns. */
function emitYielding({ lock, times, late, stops, body }: Yielding, cx: Context): string[] {
  const id = cx.out.id();
  const pause = late ? ['await null;'] : [];
  const name = `y${id}`;
  cx.out.declarations.push(
    [
      `async function* ${name}(me, l${id}, h${id}) {`,
      ...pause,
      `T.attempt(me, h${id});`,
      `const r${id} = await l${id}.acquire();`,
      `T.got(me, h${id});`,
      ...held(id, `r${id}();`, true, [`for (let i = 0; i < ${times}; i++) {`, ...pause, 'yield i;', ...pause, '}']),
      '}',
    ].join('\n'),
  );
  const loop = [
    `for await (const i${id} of ${name}(me, l${id}, h${id})) {`,
    ...emitBlock(body, callback(cx)),
    ...(stops ? ['break;'] : []),
    '}',
  ];
  const made = declareLock(lock, id, id, 'generator');
  if (cx.await === 'await') return [...made, ...loop];
  return [...made, 'yield (async () => {', ...loop, '})();'];
}

function emitSignal(signal: Signal, cx: Context): string[] {
  const id = cx.out.id();
  const keep = signal.waits
    ? [`await e${id}.promise;`, `T.signalled(c${id}, e${id});`]
    : Array.from({ length: signal.turns }, () => 'await R.turn();');
  const lines = [
    ...declareLock('own', id, id, `signal ${signal.keeper}`),
    declareChild(id, 'keeper'),
    `const d${id} = T.deferred();`,
    `const e${id} = T.deferred();`,
    ...keeperText(signal, id, keep, cx),
    `T.waitSignal(me, c${id}, d${id});`,
    `${cx.await} d${id}.promise;`,
    `T.signalled(me, d${id});`,
    ...emitBlock(signal.body, inside(cx)),
  ];
  return signal.waits ? [...lines, `T.resolve(me, e${id});`, `e${id}.resolve();`] : lines;
}

function keeperText(signal: Signal, id: number, keep: readonly string[], cx: Context): string[] {
  const tell = [`T.got(c${id}, h${id});`, `T.resolve(c${id}, d${id});`, `d${id}.resolve();`];
  const end = [`T.release(c${id}, h${id});`, `r${id}();`, `T.end(c${id});`];
  const attempt = `T.attempt(c${id}, h${id});`;
  switch (signal.keeper) {
    case 'function':
      cx.out.declarations.push(
        [`async function q${id}(c${id}, l${id}, h${id}, d${id}, e${id}) {`, attempt]
          .concat(`const r${id} = await l${id}.acquire();`, tell, keep, end, '}')
          .join('\n'),
      );
      return [`void q${id}(c${id}, l${id}, h${id}, d${id}, e${id});`];
    case 'scope':
      return [attempt, `void l${id}.runExclusive(async () => {`, ...tell, ...keep, ...end.filter(isTruth), '});'];
    case 'then':
    case 'thenPlain': {
      cx.out.declarations.push(helperText('async1', `g${id}`));
      const start = [`const c${id}h = T.child(c${id}, 'helper');`, `T.wait(c${id}, [c${id}h]);`];
      const call = `void g${id}(c${id}h, l${id}, h${id}).then(`;
      const cont = `T.cont(c${id}, [c${id}h]);`;
      if (signal.keeper === 'then')
        return [...start, `${call}async (r${id}) => {`, cont, ...tell, ...keep, ...end, '});'];
      const late = signal.waits
        ? [`e${id}.promise.then(() => {`, `T.signalled(c${id}, e${id});`, ...end, '});']
        : ['setImmediate(() => {', ...end, '});'];
      return [...start, `${call}(r${id}) => {`, cont, ...tell, ...late, '});'];
    }
  }
}

function isTruth(line: string): boolean {
  return line.startsWith('T.');
}

function emitAbort({ how, body }: Abort, cx: Context): string[] {
  const id = cx.out.id();
  const signalled = how === 'signal';
  const start = signalled
    ? [`const a${id} = new AbortController();`, `setImmediate(() => a${id}.abort(new Error('enough')));`]
    : [];
  return [
    ...declareLock('own', id, id, `abort ${how}`),
    ...emitRival('outside', 'own', id),
    ...start,
    `T.attempt(me, h${id});`,
    'try {',
    `const r${id} = ${cx.await} l${id}.acquire(${signalled ? `{ signal: a${id}.signal }` : '{ timeout: 0 }'});`,
    `T.got(me, h${id});`,
    `T.release(me, h${id});`,
    `r${id}();`,
    '} catch {',
    `T.gaveUp(me, h${id});`,
    '}',
    ...emitBlock(body, inside(cx)),
  ];
}

/** The source, one statement a line; `run` in its scope is what the program is. */
export function sourceOf(program: Program): string {
  const out = new Output(program.shared.length);
  const cx: Context = { out, await: 'await', tail: false, block: emitBlock };
  const shared = program.shared.map((body, fn) => {
    const lines = functionBody(body, cx);
    return [
      `async function s${fn}(me, k, d, z) {`,
      `if (d > ${MAX_DEPTH} || T.full()) {`,
      'T.end(me);',
      'return;',
      '}',
      ...lines,
      '}',
    ].join('\n');
  });
  const main = ['async function main(me, k, d, z) {', ...functionBody(program.main, cx), '}'].join('\n');
  return [...prelude(program.workerLock), ...out.declarations, ...shared, main].join('\n');
}

/** For people: without the bookkeeping, the prelude and what nobody calls. */
export function readable(program: Program): string {
  const text = sourceOf(program);
  const known = prelude(program.workerLock).join('\n').length;
  const lines = text.slice(known + 1).split('\n');
  return indented(lines.filter((line) => !isTruth(line) && !/^(const [ch]\d+h? =|if \(r\d+\)|else) T\./.test(line)));
}

function indented(lines: readonly string[]): string {
  let depth = 0;
  return lines
    .map((line) => {
      if (/^[})\]]/.test(line)) depth -= 1;
      const text = '  '.repeat(Math.max(depth, 0)) + line;
      if (/[{([]$/.test(line)) depth += 1;
      return text;
    })
    .join('\n');
}
