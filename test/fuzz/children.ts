/** The text of children: the function of their work, what wraps their promise, how they are awaited or not. */
import { held, callback, declareChild, declareLock, inside, type Context } from './writer.js';
import {
  isDetached,
  type Attached,
  type Block,
  type Child,
  type Detached,
  type Flavour,
  type Group,
  type Join,
  type Work,
} from './program.js';

/** What a child function is called with: instance, path, depth of recursion, level of waiting, signal. */
const PARAMETERS = 'me, k, d, z, x';

/** The statements of a whole function. */
export function functionBody(body: Block, cx: Context, end: readonly string[] = []): string[] {
  const last = body.at(-1);
  const returns = last?.kind === 'child' && last.join === 'return';
  if (!returns || end.length > 0) return [...cx.block(body, inside(cx)), ...end, 'T.end(me);'];
  return [...cx.block(body.slice(0, -1), inside(cx)), ...cx.block([last], { ...cx, tail: true })];
}

/** Declares a function of that flavour and returns what to call. */
function declare(flavour: Flavour, id: number, body: Block, end: readonly string[], cx: Context): string {
  const compiled = flavour === 'awaiter';
  const own: Context = { ...cx, await: compiled ? 'yield' : 'await', tail: false };
  const lines = functionBody(body, own, end);
  const made = (before: string, after: string): void => {
    cx.out.declarations.push([before, ...lines, after].join('\n'));
  };
  switch (flavour) {
    case 'async':
      made(`async function f${id}(${PARAMETERS}) {`, '}');
      return `f${id}`;
    case 'arrow':
      made(`const f${id} = async (${PARAMETERS}) => {`, '};');
      return `f${id}`;
    case 'method':
      made(`class C${id} {\nasync run(${PARAMETERS}) {`, '}\n}');
      return `new C${id}().run`;
    case 'awaiter':
      made(`function f${id}(${PARAMETERS}) {\nreturn __awaiter(this, void 0, void 0, function* () {`, '});\n}');
      return `f${id}`;
    case 'drained':
      made(`async function* y${id}(${PARAMETERS}) {`, '}');
      cx.out.declarations.push(`async function f${id}(...all) {\nfor await (const _ of y${id}(...all)) ;\n}`);
      return `f${id}`;
    case 'inline':
      return ['(async (me, x) => {', ...lines, '})'].join('\n');
  }
}

function argumentsOf(id: number, level: string, signal: string): string {
  return `(c${id}, k + '/${id}', d, ${level}, ${signal})`;
}

/** An expression that starts the work of child `id` and is its promise. */
function started(work: Work, id: number, end: readonly string[], detached: boolean, cx: Context): string {
  const level = detached ? '0' : 'z + 1';
  const signal = end.length > 0 ? `d${id}` : 'undefined';
  switch (work.work) {
    case 'call':
      if (work.fn >= cx.out.sharedCount) return `R.nothing(T.end(c${id}))`;
      return `s${work.fn}(c${id}, k + '/${id}', d + 1, ${level})`;
    case 'scope':
      return lockedChild(work, id, [`l${id}.runExclusive(async () => {`, `T.got(me, h${id});`], [], end, cx);
    case 'then': {
      const first = [`l${id}.acquire().then(async (r${id}) => {`, `T.got(me, h${id});`];
      return lockedChild(work, id, first, [`r${id}();`], end, cx);
    }
    case 'utility':
    case 'utilityScope':
      return utilityChild(work, id, end, cx);
    case 'body': {
      const inline = work.flavour === 'inline';
      const name = declare(work.flavour, id, work.body, end, cx);
      return inline ? `${name}(c${id}, ${signal})` : `${name}${argumentsOf(id, level, signal)}`;
    }
  }
}

function utilityChild(work: Work, id: number, end: readonly string[], cx: Context): string {
  const name = work.work === 'utility' ? 'withLock' : 'withScope';
  return [
    '((me, x) => {',
    ...declareLock(work.lock, id, id, `child ${name}`),
    `return ${name}(me, l${id}, h${id}, async (me) => {`,
    ...cx.block(work.body, callback(cx)),
    ...end,
    '}).then(() => {',
    'T.end(me);',
    '});',
    `})(c${id}, ${end.length > 0 ? `d${id}` : 'undefined'})`,
  ].join('\n');
}

/** A child that begins with a lock, in a plain function. */
function lockedChild(
  work: Work,
  id: number,
  first: readonly string[],
  release: readonly string[],
  end: readonly string[],
  cx: Context,
): string {
  return [
    '((me, x) => {',
    ...declareLock(work.lock, id, id, `child ${work.work}`),
    `T.attempt(me, h${id});`,
    `return ${first[0]}`,
    ...first.slice(1),
    ...cx.block(work.body, callback(cx)),
    ...end,
    `T.release(me, h${id});`,
    ...release,
    'T.end(me);',
    '});',
    `})(c${id}, ${end.length > 0 ? `d${id}` : 'undefined'})`,
  ].join('\n');
}

type Wrap = (call: string, id: number) => string;

/** What each shape makes of a promise. */
const WRAPS: Readonly<Record<Work['shape'], Wrap>> = {
  call: (call) => call,
  plain: (call) => `(() => ${call})()`,
  wrapped: (call) => `(async () => {\nreturn ${call};\n})()`,
  // oxlint-disable-next-line unicorn/no-thenable -- the name of a shape.
  then: (call) => `${call}.then((v) => v)`,
  thenCall: (call) => `Promise.resolve().then(() => ${call})`,
  finally: (call) => `${call}.finally(() => {})`,
  ctor: (call) => `new Promise((res) => {\nvoid ${call}.then(() => res());\n})`,
  ctorAsync: (call) => `new Promise(async (res) => {\nawait ${call};\nres();\n})`,
  timer: (call) => `new Promise((res) => {\nsetImmediate(() => {\nres(${call});\n});\n})`,
  emitter: (call, id) => emitted(id, call),
  thenable: (call) => `{\nthen(res, rej) {\n${call}.then(res, rej);\n}\n}`,
  subclass: (call) => `Sub.resolve(${call})`,
  bind: (call) => `AsyncResource.bind(() => ${call})()`,
  snapshot: (call) => `AsyncLocalStorage.snapshot()(() => ${call})`,
  passed: (call) => `pass(() => ${call})`,
  retried: (call) => `retry(() => ${call})`,
};

/** The promise of the child behind what its shape puts between. */
function shaped(work: Work, id: number, call: string, join: Join | Group['join']): string {
  // What is not awaited must not be a thenable, which would never start.
  const shape = work.shape === 'thenable' && join !== 'await' && join !== 'return' ? 'call' : work.shape;
  return WRAPS[shape](call, id);
}

function emitted(id: number, call: string): string {
  return [
    'new Promise((res) => {',
    `const e${id} = new EventEmitter();`,
    `e${id}.on('job', () => {`,
    `res(${call});`,
    '});',
    `e${id}.emit('job');`,
    '})',
  ].join('\n');
}

function workLabel(work: Work): string {
  return work.work === 'body' ? work.flavour : work.work;
}

export function emitChild(child: Child, cx: Context): string[] {
  const id = cx.out.id();
  const { join } = child;
  const label = `${workLabel(child)}/${child.shape}/${join}`;
  if (isDetached(join)) return [declareChild(id, label), ...spawned(join, id, started(child, id, [], true, cx))];
  if (join !== 'deferred') {
    const promise = shaped(child, id, started(child, id, [], false, cx), join);
    return [declareChild(id, label), ...joined(child, join, id, promise, cx)];
  }
  const compiled = child.work === 'body' && child.flavour === 'awaiter';
  const after = cx.block(child.after, { ...callback(cx), await: compiled ? 'yield' : 'await' });
  const call = started(child, id, ['T.resolve(me, x);', 'x.resolve();', ...after], false, cx);
  return [declareChild(id, label), ...joined(child, join, id, call, cx)];
}

function joined(child: Child, join: Attached, id: number, promise: string, cx: Context): string[] {
  const wait = `T.wait(me, [c${id}]);`;
  const cont = `T.cont(me, [c${id}]);`;
  const made = `const p${id} = ${promise};`;
  const aw = cx.await;
  if (join === 'return' && cx.tail) return [`T.tail(me, c${id});`, `return ${promise};`];
  switch (join) {
    case 'await':
    case 'return':
      return [wait, `${aw} ${promise};`, cont];
    case 'twice':
      return [wait, made, `${aw} p${id};`, `${aw} p${id};`, cont];
    case 'second':
      return [wait, made, `p${id}.catch(() => {});`, `${aw} p${id};`, cont];
    case 'later':
      return [made, ...cx.block(child.between, inside(cx)), wait, `${aw} p${id};`, cont];
    case 'deferred':
      return [
        `const d${id} = T.deferred();`,
        `void ${promise};`,
        ...cx.block(child.between, inside(cx)),
        `T.waitSignal(me, c${id}, d${id});`,
        `${aw} d${id}.promise;`,
        `T.signalled(me, d${id});`,
      ];
    case 'posted':
      return [wait, `${aw} posted(c${id}, () => ${promise});`, cont];
    case 'postedBind':
      return [wait, `${aw} posted(c${id}, AsyncResource.bind(() => ${promise}));`, cont];
  }
}

/** Started, and awaited by nobody here. */
function spawned(join: Detached, id: number, call: string): string[] {
  const run = `() => {\nvoid ${call};\n}`;
  switch (join) {
    case 'void':
      return [`void ${call};`];
    case 'push':
      return [`R.bag.push(${call});`];
    case 'timeout':
      return [`setTimeout(${run}, 1);`];
    case 'immediate':
      return [`setImmediate(${run});`];
    case 'nextTick':
      return [`process.nextTick(${run});`];
    case 'microtask':
      return [`queueMicrotask(${run});`];
    case 'thenVoid':
      return [`void Promise.resolve().then(() => ${call});`];
    case 'emit':
      return [`const e${id} = new EventEmitter();`, `e${id}.on('job', ${run});`, `e${id}.emit('job');`];
    case 'post':
      return [`R.post(c${id}, () => ${call});`];
    case 'postBind':
      return [`R.post(c${id}, AsyncResource.bind(() => ${call}));`];
    case 'postSnapshot':
      return [`const n${id} = AsyncLocalStorage.snapshot();`, `R.post(c${id}, () => n${id}(() => ${call}));`];
    case 'background':
      return [`background(() => ${call});`];
    case 'backgroundLate':
      return [`void backgroundLate(() => ${call});`];
  }
}

export function emitGroup(group: Group, cx: Context): string[] {
  const detached = group.join === 'void';
  const parts = group.parts.map((part) => {
    const id = cx.out.id();
    const call = started(part, id, [], detached, cx);
    const promise = shaped(part, id, call, group.join === 'void' ? 'later' : group.join);
    return { id, made: declareChild(id, `${workLabel(part)}/${part.shape}/`), promise };
  });
  if (parts.length === 0) return [];
  const id = cx.out.id();
  const names = parts.map((part) => `c${part.id}`).join(', ');
  const soft = group.how === 'any' || group.how === 'race';
  const wait = `T.wait(me, [${names}], '${group.how}:', ${soft});`;
  const all = [`Promise.${group.how}([`, ...parts.map(({ promise }) => `${promise},`), '])'].join('\n');
  const made = parts.map((part) => part.made);
  const cont = `T.cont(me, [${names}]);`;
  if (detached) return [...made, `void ${all};`];
  if (group.join === 'await') return [...made, wait, `${cx.await} ${all};`, cont];
  const between = cx.block(group.between, inside(cx));
  return [...made, `const p${id} = ${all};`, ...between, wait, `${cx.await} p${id};`, cont];
}

/** A child that throws when it is done, and who catches that. */
export function emitFailing(body: Block, cx: Context): string[] {
  const id = cx.out.id();
  const lines = cx.block(body, callback(cx));
  const text = [`async function f${id}(${PARAMETERS}) {`, ...lines, 'T.end(me);', "throw new Error('expected');", '}'];
  cx.out.declarations.push(text.join('\n'));
  return [
    declareChild(id, 'fails'),
    `T.wait(me, [c${id}]);`,
    'try {',
    `${cx.await} f${id}${argumentsOf(id, 'z + 1', 'undefined')};`,
    '} catch {}',
    `T.cont(me, [c${id}]);`,
  ];
}

/** Takes a lock and returns the promise of a child, whose end the release does not wait for. */
export function emitLeaky(lock: string, body: Block, cx: Context): string[] {
  const [id, child] = [cx.out.id(), cx.out.id()];
  const call = `${declare('async', child, body, [], cx)}${argumentsOf(child, 'z + 1', 'undefined')}`;
  const text = [
    `async function f${id}(${PARAMETERS}) {`,
    ...declareLock(lock, id, id, 'leaky'),
    `T.attempt(me, h${id});`,
    `const r${id} = await l${id}.acquire();`,
    `T.got(me, h${id});`,
    declareChild(child, 'leaked'),
    ...held(id, `r${id}();\nT.tail(me, c${child});`, true, [`return ${call};`]),
    '}',
  ];
  cx.out.declarations.push(text.join('\n'));
  const outer = `f${id}${argumentsOf(id, 'z + 1', 'undefined')}`;
  return [declareChild(id, 'leaky'), `T.wait(me, [c${id}]);`, `${cx.await} ${outer};`, `T.cont(me, [c${id}]);`];
}
