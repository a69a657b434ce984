// Packs the package as it would be published and has the tarball checked by publint and by attw.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, npm, run } from './lib.mjs';

const folder = mkdtempSync(join(tmpdir(), 'lockdep-pack-'));

/** @type {import('node:child_process').SpawnSyncOptions} */
const captured = { stdio: ['ignore', 'pipe', 'pipe'] };

/** @param {string} what @param {{ code: number, output: string }} result */
function mustPass(what, { code, output }) {
  if (code !== 0) {
    throw new Error(`${what} failed with code ${code}\n${output}`.trimEnd());
  }
  console.log(`${what}: ok`);
}

let failed = false;
try {
  // Scripts are off: `npm run package:check` has built the package just now.
  mustPass('npm pack', npm(['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], captured));
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) {
    throw new Error('npm pack left no tarball');
  }
  const path = join(folder, tarball);
  mustPass('publint', run(process.execPath, [bin('publint', 'publint'), 'run', path, '--strict'], captured));
  const attw = [bin('@arethetypeswrong/cli', 'attw'), path];
  mustPass('attw', run(process.execPath, attw, captured));
} catch (error) {
  failed = true;
  console.error(error instanceof Error ? error.message : error);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
