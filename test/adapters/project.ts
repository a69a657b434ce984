/**
 * Programs to be run under the preload: a folder of their own, with a node_modules as npm would lay it out.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

/** The compiled library that these tests belong to. */
export const built: URL = new URL('../../src/', import.meta.url);
export const register: string = new URL('register.js', built).href;
const packageRoot = new URL('.', import.meta.resolve('lockdep/package.json'));

/** Where the copies that are put into a node_modules come from. */
const installed = (name: string): string => fileURLToPath(new URL(`node_modules/${name}`, packageRoot));

export interface Result {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly timeout?: number;
}

export type Files = Readonly<Record<string, string>>;

/** Of this file of tests: they are removed when all of those have ended. */
const projects: Project[] = [];
after(() => projects.forEach((project) => project.remove()));

export class Project {
  readonly root: string;
  /** An installed package has its own: the compiled sources have other names, and share nothing with it. */
  #register = register;

  /** A project with async-mutex installed and these files. */
  constructor(files: Files = {}) {
    // The real path, since that is what module URLs are made of.
    this.root = realpathSync(mkdtempSync(join(tmpdir(), 'lockdep-project-')));
    this.install('tslib', 'node_modules/tslib');
    this.install('async-mutex', 'node_modules/async-mutex');
    this.write(files);
    projects.push(this);
  }

  /** The same, with this package installed. */
  static withLockdep(files: Files): Project {
    const project = new Project(files);
    project.installLockdep();
    return project;
  }

  path(name: string): string {
    return join(this.root, name);
  }

  write(files: Files): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(this.path(name)), { recursive: true });
      writeFileSync(this.path(name), text);
    }
  }

  install(name: string, folder: string): void {
    cpSync(installed(name), this.path(folder), { recursive: true, dereference: true });
  }

  /** Another copy of async-mutex, which says that it is of this version. */
  installAsyncMutex(folder: string, version: string): void {
    this.install('async-mutex', folder);
    const manifest = JSON.parse(readFileSync(this.path(`${folder}/package.json`), 'utf8')) as object;
    this.write({ [`${folder}/package.json`]: JSON.stringify({ ...manifest, version }) });
  }

  /** This library, as npm would install it. */
  installLockdep(): void {
    cpSync(new URL('dist', packageRoot), this.path('node_modules/lockdep/dist'), { recursive: true });
    cpSync(new URL('package.json', packageRoot), this.path('node_modules/lockdep/package.json'));
    this.#register = 'lockdep/register';
  }

  /** Runs node in the project's folder. */
  node(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    return runNode(args, { ...options, cwd: this.root });
  }

  /** Runs a script under the preload. */
  tracked(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Result> {
    return this.node(['--import', this.#register, ...args], { env });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Settings that the test run's own environment may hold, and which would change what is tested. */
const SETTINGS = /^(?:LOCKDEP|NODE_ENV$|NODE_OPTIONS$|NODE_TEST_CONTEXT$|FORCE_COLOR$)/;

/** For a program whose heap is looked at: while coverage is measured V8 keeps functions otherwise. */
export const WITHOUT_COVERAGE: NodeJS.ProcessEnv = { NODE_V8_COVERAGE: '' };

export function cleanEnvironment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env)) if (!SETTINGS.test(name)) env[name] = value;
  const options = [...contextFlags(), extra['NODE_OPTIONS'] ?? ''].join(' ').trim();
  // In which a program without a mode of its own has `warn`.
  return { ...env, NODE_ENV: 'development', ...extra, ...(options === '' ? {} : { NODE_OPTIONS: options }) };
}

/** The flag of NODE_OPTIONS that chooses an implementation of AsyncLocalStorage: part of what is tested. */
export function contextFlags(): string[] {
  const options = process.env['NODE_OPTIONS'] ?? '';
  return options.split(/\s+/).filter((option) => /^--(?:no-|experimental-)*async-context-frame$/.test(option));
}

export function runNode(args: readonly string[], options: RunOptions & { cwd: string }): Promise<Result> {
  const { env, timeout = 30_000, cwd } = options;
  const child = spawn(process.execPath, args, {
    cwd,
    env: cleanEnvironment(env),
    timeout,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** What a program printed as its only output: one line of JSON. Fails with all that it printed otherwise. */
export function printed(result: Result): unknown {
  try {
    return JSON.parse(result.stdout) as unknown;
  } catch {
    throw new Error(`code ${result.code}, no JSON on stdout: ${result.stdout}\n${result.stderr}`);
  }
}

/** Takes the locks `a` and `b` in both orders, one after the other: one strict report, and nothing hangs. */
export const BOTH_ORDERS = `
await a.runExclusive(() => b.runExclusive(async () => {}));
await b.runExclusive(() => a.runExclusive(async () => {}));
`;

/** The same for two locks of its own. `Mutex` is to be in scope. */
export const INVERSION: string = `
const a = new Mutex();
const b = new Mutex();
${BOTH_ORDERS}`;
