// Compiles: `build.mjs dist` is the package, `build.mjs test` everything with its tests. No argument: both.
//
// The compiler writes to a fresh folder, which then takes the place of the old one. So nothing stale is left, and
// a build that fails leaves the last good one as it was.

import { chmodSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundlePackage } from './bundle.mjs';
import { bin, root, run } from './lib.mjs';

const targets = { dist: 'tsconfig.json', test: 'tsconfig.test.json' };
const outputs = { dist: 'dist', test: 'build' };

/** @param {keyof typeof targets} target */
async function build(target) {
  const output = join(root, outputs[target]);
  const fresh = join(root, `.tmp-${outputs[target]}-${process.pid}`);
  const compiled = target === 'dist' ? `${fresh}-compiled` : fresh;
  try {
    const { code } = run(process.execPath, [bin('typescript', 'tsc'), '-p', targets[target], '--outDir', compiled]);
    if (code !== 0) process.exit(code);
    if (target === 'dist') {
      await bundlePackage(compiled, fresh);
      chmodSync(join(fresh, 'cli', 'main.js'), 0o755);
    }
    rmSync(output, { recursive: true, force: true });
    renameSync(fresh, output);
  } finally {
    for (const left of [compiled, fresh]) rmSync(left, { recursive: true, force: true });
  }
}

const wanted = process.argv.slice(2);
for (const name of wanted.length > 0 ? wanted : ['dist', 'test']) {
  if (name !== 'dist' && name !== 'test') {
    console.error(`usage: node scripts/build.mjs [dist] [test] (not ${name})`);
    process.exit(2);
  }
  await build(name);
}
