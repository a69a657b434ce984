/**
 * The text of functions that acquire for their callers, and of what every program has: `__awaiter` as TypeScript makes
 * it, a Promise subclass, flows that run posted jobs, rivals for a lock.
 *
 * In generated text `T` is the truth, `R` the surroundings, `me` the instance that runs. Statements of the truth stand
 * on lines of their own that start with `T.`.
 */
import { VIAS, type Via } from './program.js';

type Template = (name: string) => string;

const ACQUIRE = 'T.attempt(me, h);\nconst r = await l.acquire();\nT.got(me, h);';
const DONE = 'T.end(me);\nreturn r;';

function asyncHelper(body: string): Template {
  return (name) => `async function ${name}(me, l, h) {\n${body}\n}`;
}

function plainHelper(body: string): Template {
  return (name) => `function ${name}(me, l, h) {\n${body}\n}`;
}

/** An async function that awaits another helper. */
function outerHelper(inner: Via, rest: string): Template {
  return asyncHelper(
    `const c = T.child(me, 'helper');\nT.wait(me, [c]);\nconst r = await H_${inner}(c, l, h);\n` +
      `T.cont(me, [c]);\nT.got(me, h);\n${rest}${DONE}`,
  );
}

/** The promise of an acquisition, through something. */
function through(promise: string): Template {
  return plainHelper(`T.attempt(me, h);\nT.end(me);\nreturn ${promise};`);
}

function combined(pattern: string, call: string): Template {
  return asyncHelper(`T.attempt(me, h);\nconst ${pattern} = await ${call};\nT.got(me, h);\n${DONE}`);
}

function session(rest: string, first: string): Template {
  const open = `async open(me, l, h) {\n${first}T.attempt(me, h);\nthis.release = await l.acquire();\nT.got(me, h);\n${rest}T.end(me);\n}`;
  return (name) => `class ${name} {\n${open}\nclose() {\nthis.release();\n}\n}`;
}

const LATE = 'await null;\nawait R.turn();\n';

const TEMPLATES: Readonly<Record<Exclude<Via, 'direct' | 'guard'>, Template>> = {
  async1: asyncHelper(`${ACQUIRE}\n${DONE}`),
  async2: outerHelper('async1', ''),
  async3: outerHelper('async2', ''),
  early1: asyncHelper(`${LATE}${ACQUIRE}\n${DONE}`),
  late1: asyncHelper(`${ACQUIRE}\n${LATE}${DONE}`),
  late2: outerHelper('late1', LATE),
  late3: outerHelper('late2', 'await null;\n'),
  promise: asyncHelper('T.attempt(me, h);\nT.end(me);\nreturn l.acquire();'),
  plain: through('l.acquire()'),
  plain2: plainHelper('return H_async1(me, l, h);'),
  tail2: asyncHelper("const c = T.child(me, 'helper');\nT.tail(me, c);\nreturn H_async1(c, l, h);"),
  // oxlint-disable-next-line unicorn/no-thenable -- the name of a template.
  then: plainHelper('T.attempt(me, h);\nreturn l.acquire().then((r) => {\nT.got(me, h);\nT.end(me);\nreturn r;\n});'),
  thenAsync: plainHelper(
    'T.attempt(me, h);\nreturn l.acquire().then(async (r) => {\nT.got(me, h);\nawait null;\nT.end(me);\nreturn r;\n});',
  ),
  finally: through('l.acquire().finally(() => {})'),
  ctor: through('new Promise((res, rej) => {\nl.acquire().then(res, rej);\n})'),
  ctorCallback: through('new Promise((res) => {\nl.acquire().then((r) => {\nres(r);\n});\n})'),
  all: combined('[r]', 'Promise.all([l.acquire(), R.micro()])'),
  allSettled: combined('[{ value: r }]', 'Promise.allSettled([l.acquire(), R.turn()])'),
  any: combined('r', 'Promise.any([l.acquire(), R.never])'),
  race: combined('r', 'Promise.race([l.acquire(), R.never])'),
  thenable: plainHelper(
    'return {\nthen(res, rej) {\nT.attempt(me, h);\nT.end(me);\nl.acquire().then(res, rej);\n}\n};',
  ),
  subclass: through('Sub.resolve(l.acquire())'),
  awaiter: plainHelper(
    `return __awaiter(this, void 0, void 0, function* () {\n${ACQUIRE.replace('await', 'yield')}\n${DONE}\n});`,
  ),
  field: session('', ''),
  fieldLate: session('await null;\nawait R.turn();\n', 'await R.turn();\n'),
};

export function isHelped(via: Via): via is keyof typeof TEMPLATES {
  return via !== 'direct' && via !== 'guard';
}

export function isSession(via: Via): boolean {
  return via === 'field' || via === 'fieldLate';
}

export function helperText(via: keyof typeof TEMPLATES, name: string): string {
  return TEMPLATES[via](name);
}

const AWAITER = `function __awaiter(thisArg, _arguments, P, generator) {
function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
return new (P || (P = Promise))(function (resolve, reject) {
function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
step((generator = generator.apply(thisArg, _arguments || [])).next());
});
}`;

const RIVAL = `async function rival(me, l, h, turns) {
T.attempt(me, h);
const r = await l.acquire();
T.got(me, h);
for (let i = 0; i < turns; i++) await R.turn();
T.release(me, h);
r();
T.end(me);
}`;

const WORKER_LOCK = {
  take: "T.attempt(me, h);\nconst r = await L('W' + n).acquire();\nT.got(me, h);\n",
  release: 'T.release(me, h);\nr();\n',
};

function worker(locked: boolean): string {
  return `async function worker(me, job, n) {
while (job) {
T.told(me, job.child);
${locked ? `const h = T.hold('W' + n, 'worker');\n${WORKER_LOCK.take}` : ''}T.starts(me, job.child);
T.wait(me, [job.child], 'worker:');
await job.run();
T.cont(me, [job.child]);
${locked ? WORKER_LOCK.release : ''}job = await R.next();
}
T.end(me);
}
R.worker = worker;`;
}

/** `job.run` of a posted job that its poster awaits. */
const POSTED = `function posted(child, run) {
return new Promise((res) => {
R.post(child, () => run().then(res));
});
}`;

/** Functions that take callbacks, as every code base has them: equal frames for whatever they run. */
const UTILITIES = `async function withLock(me, l, h, run) {
T.attempt(me, h);
const r = await l.acquire();
T.got(me, h);
try {
return await run(me);
} finally {
T.release(me, h);
r();
}
}
async function withScope(me, l, h, run) {
T.attempt(me, h);
return await l.runExclusive(async () => {
T.got(me, h);
await run(me);
T.release(me, h);
});
}
async function pass(run) {
return await run();
}
async function retry(run) {
for (let i = 0; i < 2; i++) {
try {
if (i > 0) return await run();
throw new Error('expected');
} catch {
await R.turn();
}
}
}
function background(run) {
void run();
}
async function backgroundLate(run) {
await null;
void run();
}`;

/** What all programs share. */
export function prelude(workerLock: boolean): string[] {
  const shared = VIAS.filter(isHelped).map((via) => helperText(via, `H_${via}`));
  return [AWAITER, 'class Sub extends Promise {}', RIVAL, worker(workerLock), POSTED, UTILITIES, ...shared];
}
