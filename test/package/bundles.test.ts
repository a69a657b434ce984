import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { build, type BuildOptions } from 'esbuild';
import { InstalledPackage } from './installed.js';

let installed: InstalledPackage;
before(() => {
  installed = new InstalledPackage();
});
after(() => installed.remove());

/** The text of a bundle of `code`, and what it takes from outside. */
async function bundled(code: string, options: BuildOptions): Promise<{ text: string; outside: string[] }> {
  installed.write('entry.mjs', code);
  const outfile = join(installed.project, 'out.mjs');
  const { metafile, warnings } = await build({
    absWorkingDir: installed.project,
    entryPoints: ['entry.mjs'],
    bundle: true,
    minify: true,
    format: 'esm',
    metafile: true,
    outfile,
    logLevel: 'silent',
    ...options,
  });
  assert.deepEqual(warnings, []);
  const outside = Object.values(metafile?.outputs ?? {}).flatMap(({ imports }) => imports.map(({ path }) => path));
  return { text: readFileSync(outfile, 'utf8'), outside };
}

const NEST = `const nest = (outer, inner) => outer.runExclusive(() => inner.runExclusive(() => undefined));`;

/** The limits are those of today: a change that makes a bundle larger has to say so here. */
describe('a bundle of lockdep/async-mutex', () => {
  for (const platform of ['browser', 'node'] as const) {
    it(`for ${platform} has locks alone, takes nothing from outside, and is at most 8 kB gzipped`, async () => {
      const code = "export * from 'lockdep/async-mutex';";
      const { text, outside } = await bundled(code, { platform });
      assert.deepEqual(outside, []);
      assert.ok(!text.includes('promiseHooks'));
      const { length } = gzipSync(text, { level: 9 });
      assert.ok(length <= 8_000, `${length} bytes`);
    });
  }

  it('runs where there is no process, and says once that there is no validator where a mode asks for it', async () => {
    const code = `
      import { lockdep, Mutex } from 'lockdep';
      const lock = new Mutex();
      const order = [];
      await Promise.all([1, 2].map((n) => lock.runExclusive(async () => order.push(n))));
      lockdep.configure({ mode: 'warn' });
      await new Promise((resolve) => setTimeout(resolve, 10));
      print(JSON.stringify([order, lockdep.mode, lockdep.reports(), Mutex.name]));`;
    await bundled(code, { platform: 'browser' });
    installed.write(
      'browser.mjs',
      `globalThis.print = console.log;
       globalThis.process = undefined;
       await import('./out.mjs');`,
    );
    const { stdout, stderr } = installed.node(['browser.mjs']);
    assert.equal(stdout.trim(), '[[1,2],"off",[],"Mutex"]', stderr);
    assert.equal(stderr.match(/lockdep\/eager/g)?.length, 1, stderr);
  });

  it('has its warnings on the console where the process fails to show them, and goes on', async () => {
    const code = `
      import { Mutex } from 'lockdep/async-mutex';
      await new Mutex().runExclusive(() => console.log('runs'));`;
    await bundled(code, { platform: 'node' });
    installed.write(
      'failing.mjs',
      `Object.assign(process.env, { NODE_ENV: 'production', LOCKDEP: 'loud' });
       process.emitWarning = () => { throw new Error('replaced'); };
       await import('./out.mjs');`,
    );
    const { stdout, stderr } = installed.node(['failing.mjs']);
    assert.equal(stdout.trim(), 'runs', stderr);
    assert.match(stderr, /^LockdepWarning: environment variable LOCKDEP must be .* "loud"; it is ignored$/m);
  });

  it('for a browser is built with lockdep/eager too, without the validator, which would not run there', async () => {
    const code = `
      import 'lockdep/eager';
      import { lockdep, Mutex } from 'lockdep';
      lockdep.configure({ mode: 'warn' });
      print(await new Mutex().runExclusive(() => lockdep.mode));`;
    const { outside, text } = await bundled(code, { platform: 'browser' });
    assert.deepEqual(outside, []);
    assert.ok(!text.includes('promiseHooks'));
    installed.write(
      'browser.mjs',
      "globalThis.print = console.log; globalThis.process = undefined; import('./out.mjs');",
    );
    const { stdout, stderr } = installed.node(['browser.mjs']);
    assert.equal(stdout.trim(), 'off', stderr);
    assert.equal(stderr.match(/does not run here/g)?.length, 1, stderr);
  });

  for (const conditions of [undefined, ['production'], ['import']]) {
    it(`has the validator where lockdep/eager is imported, and reports, conditions ${conditions?.join() ?? 'as they are'}`, async () => {
      const code = `
      import 'lockdep/eager';
      import { lockdep, Mutex } from 'lockdep';
      lockdep.configure({ mode: 'warn', warnings: false });
      const [a, b] = [new Mutex({ class: 'a' }), new Mutex({ class: 'b' })];
      ${NEST}
      await nest(a, b);
      await nest(b, a);
      console.log(JSON.stringify(lockdep.reports().map(({ kind }) => kind)));`;
      await bundled(code, { platform: 'node', ...(conditions === undefined ? {} : { conditions }) });
      const { stdout, stderr } = installed.node(['out.mjs']);
      assert.equal(stdout.trim(), '["circular-dependency"]', stderr);
    });
  }
});
