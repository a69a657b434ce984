/** The package as a user has it: packed, unpacked into a project of its own, with its dependencies beside it. */

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contextFlags } from '../adapters/project.js';

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly engines: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** From build/test/package/ up to the project. */
export const projectFolder = fileURLToPath(new URL('../../../', import.meta.url));

export class InstalledPackage {
  /** The user's project. */
  readonly project: string;
  /** The package within it. */
  readonly folder: string;
  readonly manifest: Manifest;
  readonly #temporary: string;

  constructor() {
    const main = join(projectFolder, 'dist', 'index.js');
    if (!existsSync(main)) {
      throw new Error('dist/ is not built: npm run build');
    }
    this.#temporary = mkdtempSync(join(tmpdir(), 'lockdep-installed-'));
    this.project = join(this.#temporary, 'project');
    const modules = join(this.project, 'node_modules');
    this.folder = join(modules, 'lockdep');
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(join(this.project, 'package.json'), '{ "private": true, "type": "module" }\n');
    succeed('tar', run('tar', ['-xzf', this.#pack(), '--strip-components=1', '-C', this.folder], this.project));
    this.manifest = readManifest(this.folder);
    for (const name of Object.keys(this.manifest.dependencies ?? {})) {
      copyDependency(name, modules);
    }
  }

  /** Every file in the package, relative to it. */
  files(): string[] {
    return readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.folder.length + 1))
      .map((path) => path.replaceAll('\\', '/'))
      .sort();
  }

  /** Runs this Node in the user's project. */
  node(args: readonly string[], env: NodeJS.ProcessEnv = {}): Outcome {
    return run(process.execPath, args, this.project, env);
  }

  /**
   * What the compiler says of files of the user's project, checked as strictly as it can and with the libraries' declarations;
   * nothing where it finds nothing. `name`: of the project file.
   */
  check(name: string, files: readonly string[], options: Readonly<Record<string, unknown>> = {}): string {
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable'],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noEmit: true,
      typeRoots: [join(projectFolder, 'node_modules', '@types')],
      types: ['node'],
      ...options,
    };
    this.write(`tsconfig.${name}.json`, JSON.stringify({ compilerOptions, files }));
    const compiler = join(projectFolder, 'node_modules', 'typescript', 'bin', 'tsc');
    const { code, stdout, stderr } = this.node([compiler, '-p', `tsconfig.${name}.json`]);
    const said = stdout + stderr;
    return code === 0 || said !== '' ? said : `the compiler ended with ${code}`;
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.project, name), text);
  }

  remove(): void {
    rmSync(this.#temporary, { recursive: true, force: true });
  }

  /** No scripts run and nothing is fetched: what is in dist/ gets packed. */
  #pack(): string {
    const args = ['pack', '--ignore-scripts', '--offline', '--silent', '--pack-destination', this.#temporary];
    args.push('--cache', join(this.#temporary, 'cache'));
    const script = process.env['npm_execpath'];
    const viaNode = script !== undefined && /npm-cli\.c?js$/.test(script);
    succeed(
      'npm pack',
      viaNode ? run(process.execPath, [script, ...args], projectFolder) : run('npm', args, projectFolder),
    );
    const tarball = readdirSync(this.#temporary).find((name) => name.endsWith('.tgz'));
    if (tarball === undefined) {
      throw new Error('npm pack left no tarball');
    }
    return join(this.#temporary, tarball);
  }
}

/** Runs a program and waits for it. It sees this Node as `node`, and nothing of the test run that started it. */
export function run(command: string, args: readonly string[], cwd: string, extra: NodeJS.ProcessEnv = {}): Outcome {
  const env: NodeJS.ProcessEnv = { ...process.env };
  delete env['NODE_TEST_CONTEXT'];
  // In which a program without a mode of its own has `warn`.
  env['NODE_ENV'] = 'development';
  env['NODE_OPTIONS'] = contextFlags().join(' ');
  Object.assign(env, extra);
  env['PATH'] = `${dirname(process.execPath)}${delimiter}${env['PATH'] ?? ''}`;
  const result = spawnSync(command, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (result.error !== undefined) {
    throw result.error;
  }
  return { code: result.status, stdout: result.stdout, stderr: result.stderr };
}

function succeed(what: string, { code, stdout, stderr }: Outcome): void {
  if (code !== 0) {
    throw new Error(`${what} failed with code ${code}\n${stdout}${stderr}`);
  }
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** Copies an installed package and what it depends on, as a package manager would place them, without a registry. */
function copyDependency(name: string, modules: string): void {
  const target = join(modules, name);
  if (existsSync(target)) {
    return;
  }
  const source = join(projectFolder, 'node_modules', name);
  cpSync(source, target, { recursive: true });
  for (const next of Object.keys(readManifest(source).dependencies ?? {})) {
    copyDependency(next, modules);
  }
}
