// Compiles: `build.mjs dist` is the package, `build.mjs test` everything with its tests. No argument: both.
//
// The compiler writes to a fresh folder, which then takes the place of the old one. So nothing stale is left, and
// a build that fails leaves the last good one as it was.

import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bin, root, run } from './lib.mjs';

const targets = { dist: 'tsconfig.json', test: 'tsconfig.test.json' };
const outputs = { dist: 'dist', test: 'build' };

/** @param {keyof typeof targets} target */
function build(target) {
  const output = join(root, outputs[target]);
  const fresh = join(root, `.tmp-${outputs[target]}-${process.pid}`);
  const { code } = run(process.execPath, [bin('typescript', 'tsc'), '-p', targets[target], '--outDir', fresh]);
  if (code !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    process.exit(code);
  }
  rmSync(output, { recursive: true, force: true });
  renameSync(fresh, output);
  const main = join(output, 'cli', 'main.js');
  if (target === 'dist' && existsSync(main)) {
    chmodSync(main, 0o755);
  }
}

const wanted = process.argv.slice(2);
for (const name of wanted.length > 0 ? wanted : ['dist', 'test']) {
  if (name !== 'dist' && name !== 'test') {
    console.error(`usage: node scripts/build.mjs [dist] [test] (not ${name})`);
    process.exit(2);
  }
  build(name);
}
