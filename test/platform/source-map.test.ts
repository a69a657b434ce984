import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { filePath } from '../../src/platform/file-path.js';
import {
  clearSourceMaps,
  MAX_CACHED_LENGTH,
  MAX_CACHED_MAPS,
  MAX_MAP_BYTES,
  MAX_READ_LENGTH,
  originalFrame,
} from '../../src/platform/source-map.js';
import { frame } from '../report/samples.js';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'report-source-map-')));
after(() => rmSync(root, { recursive: true, force: true }));
beforeEach(() => clearSourceMaps());

/** Generated line 1 is source line 1, generated line 2 is source line 5; line 3 has no entry. */
const MAPPINGS = 'AAAA;AAIA';
const CODE = 'one();\ntwo();\nthree();\n';
let made = 0;

interface Loose {
  [field: string]: unknown;
}

function map(fields: Loose = {}): Loose {
  return { version: 3, sources: ['../src/a.ts'], names: [], mappings: MAPPINGS, ...fields };
}

/** A directory of its own with `dist/a.js` in it; returns the path of that. */
function generated(comment: string, mapText?: string): string {
  const directory = join(root, String(made++));
  mkdirSync(join(directory, 'dist'), { recursive: true });
  const file = join(directory, 'dist/a.js');
  writeFileSync(file, `${CODE}${comment}`);
  if (mapText !== undefined) writeFileSync(`${file}.map`, mapText);
  return file;
}

function beside(fields: Loose = {}): string {
  return generated('//# sourceMappingURL=a.js.map\n', JSON.stringify(map(fields)));
}

function inline(payload: unknown): string {
  const data = Buffer.from(JSON.stringify(payload)).toString('base64');
  return generated(`//# sourceMappingURL=data:application/json;charset=utf-8;base64,${data}`);
}

/** Where line 2 of the generated file comes from. */
function origin(file: string): string {
  const { file: source, line, column } = originalFrame(frame('f', file, 2, 3));
  return `${source}:${line}:${column}`;
}

function source(file: string, relative = '../src/a.ts'): string {
  return `${join(dirname(file), relative)}:5:1`;
}

test('a map file beside the generated one', () => {
  const file = beside();
  assert.equal(origin(file), source(file));
});

test('name and kind of the frame are kept', () => {
  const mapped = originalFrame(frame('f', beside(), 1, 1, true));
  assert.equal(mapped.functionName, 'f');
  assert.equal(mapped.isAsync, true);
  assert.equal(mapped.line, 1);
});

test('a map inside the generated file, in base64 and percent-encoded', () => {
  const base64 = inline(map());
  assert.equal(origin(base64), source(base64));
  const escaped = generated(
    `//# sourceMappingURL=data:application/json,${encodeURIComponent(JSON.stringify(map()))}\n`,
  );
  assert.equal(origin(escaped), source(escaped));
});

test('file URLs, with and without a query', () => {
  const file = beside();
  assert.equal(origin(pathToFileURL(file).href), source(file));
  assert.equal(origin(`${pathToFileURL(file).href}?t=123#x`), source(file));
  assert.equal(origin(`${file}?t=123`), source(file));
});

test('a source root, with and without its slash', () => {
  for (const sourceRoot of ['../../lib', '../../lib/']) {
    const file = beside({ sourceRoot, sources: ['a.ts'] });
    assert.equal(origin(file), source(file, '../../lib/a.ts'));
  }
  const file = beside({ sourceRoot: pathToFileURL('/elsewhere/lib/').href, sources: ['a.ts'] });
  assert.equal(origin(file), '/elsewhere/lib/a.ts:5:1');
});

test('sources as file URLs, as absolute paths, with escapes, of another scheme', () => {
  assert.equal(origin(beside({ sources: ['file:///elsewhere/my%20a.ts'] })), '/elsewhere/my a.ts:5:1');
  assert.equal(origin(beside({ sources: ['/elsewhere/a.ts'], sourceRoot: 'ignored' })), '/elsewhere/a.ts:5:1');
  assert.equal(origin(beside({ sources: ['webpack://app/./src/a.ts'] })), 'webpack://app/./src/a.ts:5:1');
  const escaped = beside({ sources: ['../my%20src/a.ts'] });
  assert.equal(origin(escaped), source(escaped, '../my src/a.ts'));
  const percent = beside({ sources: ['../100%/a#1.ts'] });
  assert.equal(origin(percent), source(percent, '../100%/a#1.ts'));
});

test('an index map resolves the sources of its sections', () => {
  const file = inline({ version: 3, sections: [{ offset: { line: 0, column: 0 }, map: map({ sourceRoot: 'in' }) }] });
  assert.equal(origin(file), source(file, 'src/a.ts'));
});

test('a map that servers guard against being run as a script', () => {
  const file = generated('//# sourceMappingURL=a.js.map', `)]}'\n${JSON.stringify(map())}`);
  assert.equal(origin(file), source(file));
});

test('further comments may follow, as may CRLF', () => {
  const file = generated('//# sourceMappingURL=a.js.map\r\n//# sourceURL=b.js\r\n', JSON.stringify(map()));
  assert.equal(origin(file), source(file));
});

test('whatever is wrong with a map, the raw frame is the answer', () => {
  const files = {
    'no comment': generated(''),
    'no such map': generated('//# sourceMappingURL=a.js.map\n'),
    'not JSON': generated('//# sourceMappingURL=a.js.map\n', '{"version":3,'),
    'not a map': generated('//# sourceMappingURL=a.js.map\n', '42'),
    null: generated('//# sourceMappingURL=a.js.map\n', 'null'),
    'no sources': inline({ version: 3, mappings: MAPPINGS }),
    'no mappings': inline({ version: 3, sources: ['a.ts'] }),
    'too few sources': inline(map({ sources: [] })),
    'a null source': inline(map({ sources: [null] })),
    'sources of a wrong type': inline(map({ sources: [7] })),
    'mappings in no alphabet': inline(map({ mappings: '!!!!;????' })),
    'mappings cut short': inline(map({ mappings: 'AAAA;g' })),
    'sections of a wrong type': inline({ version: 3, sections: 1 }),
    'base64 that is none': generated('//# sourceMappingURL=data:application/json;base64,%%%\n'),
    'escapes that are none': generated('//# sourceMappingURL=data:application/json,%E0%A4%A\n'),
    'a map on a server': generated('//# sourceMappingURL=https://example.test/a.js.map\n'),
    'an empty URL': generated('//# sourceMappingURL=\n'),
    'no such file': join(root, 'nowhere/a.js'),
    'a directory': root,
    'a file of Node': 'node:fs',
    'evaluated code': 'eval at f (/elsewhere/app.js:1:1)',
    'another scheme': 'https://example.test/a.js',
    'a broken URL': 'file:///%E0%A4%A/a.js',
    nothing: '',
  };
  for (const [what, file] of Object.entries(files)) {
    const raw = frame('f', file, 2, 3);
    assert.equal(originalFrame(raw), raw, what);
  }
});

test('a line that the map leaves out is not filled in from the line above', () => {
  const raw = frame('f', beside(), 3, 1);
  assert.equal(originalFrame(raw), raw);
});

test('the words of the comment in a string or above more code are not the comment', () => {
  const text = JSON.stringify(map());
  for (const comment of ['x = "//# sourceMappingURL=a.js.map";\n', '//# sourceMappingURL=a.js.map\nmore();\n']) {
    const raw = frame('f', generated(comment, text), 2, 3);
    assert.equal(originalFrame(raw), raw);
  }
});

test('a position is never mapped twice, even where the source has a map of its own', () => {
  const file = beside({ sources: ['a2.js'] });
  writeFileSync(join(dirname(file), 'a2.js'), `${CODE.repeat(3)}//# sourceMappingURL=a.js.map\n`);
  const once = originalFrame(frame('f', file, 1, 1));
  assert.equal(once.file, join(dirname(file), 'a2.js'));
  assert.equal(originalFrame(once), once);
});

test('a map is read once, and forgotten after many others', () => {
  const file = beside();
  const before = source(file);
  assert.equal(origin(file), before);
  writeFileSync(`${file}.map`, JSON.stringify(map({ sources: ['b.ts'] })));
  assert.equal(origin(file), before);
  for (let i = 0; i < MAX_CACHED_MAPS; i++) originalFrame(frame('f', join(root, `none-${i}.js`), 1, 1));
  assert.equal(origin(file), source(file, 'b.ts'));
});

/** What must not be read, or is not worth what it costs. The position as V8 gives it is the answer, at once. */
const UNREADABLE: Readonly<Record<string, () => string>> = {
  'a device without an end': () => generated('//# sourceMappingURL=/dev/zero\n'),
  'a file of /proc': () => generated('//# sourceMappingURL=/proc/self/environ\n'),
  'a folder': () => generated('//# sourceMappingURL=.\n'),
  'a pipe that nobody writes to': () => {
    const file = generated('//# sourceMappingURL=fifo\n');
    if (process.platform !== 'win32') execFileSync('mkfifo', [join(dirname(file), 'fifo')]);
    return file;
  },
  'a generated file that is a pipe': () => {
    const file = join(dirname(generated('')), 'fifo.js');
    if (process.platform !== 'win32') execFileSync('mkfifo', [file]);
    return file;
  },
  'another machine': () => generated('//# sourceMappingURL=file://elsewhere.example/share/a.js.map\n'),
  'an empty map': () => generated('//# sourceMappingURL=a.js.map\n', ''),
  'a map above the limit': () => {
    const file = beside();
    truncateSync(`${file}.map`, MAX_MAP_BYTES + 1);
    return file;
  },
  '30 MB of mappings within the file': () => inline(map({ mappings: 'AAAA,'.repeat(6_000_000) })),
  '30 MB of lines within the file': () => inline(map({ mappings: ';'.repeat(30_000_000) })),
  'as many mappings as the limit allows, the last one broken': () => {
    return generated(
      '//# sourceMappingURL=a.js.map\n',
      JSON.stringify(map({ mappings: `${'AAAA,'.repeat(3_300_000)}g` })),
    );
  },
  'sections in sections without an end': () => {
    const text = `${'{"sections":[{"offset":{"line":0,"column":0},"map":'.repeat(20_000)}{}${'}]}'.repeat(20_000)}`;
    return generated('//# sourceMappingURL=a.js.map\n', text);
  },
  'a URL of 90 kB': () => generated(`//# sourceMappingURL=${'../'.repeat(30_000)}a.js.map\n`),
  'lines below the line 1': () => inline(map({ mappings: 'AADD;AADD;AADD' })),
  'columns before the column 1': () => inline(map({ mappings: 'AAAD;AAAD' })),
  'lines that no file has': () => inline(map({ mappings: 'AAggggggC;AAggggggC' })),
  'a section at no line': () => inline({ version: 3, sections: [{ offset: { line: '0', column: 0 }, map: map() }] }),
};

for (const [what, make] of Object.entries(UNREADABLE)) {
  test(`a map that is not read: ${what}`, () => {
    const raw = frame('f', make(), 2, 3);
    const started = performance.now();
    assert.equal(originalFrame(raw), raw);
    const took = performance.now() - started;
    assert.ok(took < 5000, `${took} ms`);
  });
}

test('a map as large as the limit allows is read in a bounded time', () => {
  const mappings = `AAAA;${'AAIA,'.repeat(3_300_000)}`;
  const file = beside({ mappings });
  assert.ok(mappings.length < MAX_MAP_BYTES && mappings.length > MAX_MAP_BYTES * 0.9);
  const started = performance.now();
  assert.equal(origin(file), `${join(dirname(file), '../src/a.ts')}:13200001:1`);
  for (let column = 1; column < 1000; column++) originalFrame(frame('f', file, 1, column));
  const took = performance.now() - started;
  assert.ok(took < 5000, `${took} ms`);
});

test('maps are read up to a number of characters in all, then positions stay as they are, which is said once', async () => {
  const warnings: string[] = [];
  const listener = (warning: Error & { code?: string }): void => {
    if (warning.code === 'LOCKDEP_SOURCE_MAPS') warnings.push(warning.message);
  };
  process.on('warning', listener);
  const large = `${CODE}//${'x'.repeat(15_000_000)}\n//# sourceMappingURL=a.js.map\n`;
  let mapped = 0;
  for (let i = 0; i < 20; i++) {
    const file = beside();
    writeFileSync(file, large);
    const raw = frame('f', file, 2, 3);
    if (originalFrame(raw) !== raw) mapped += 1;
    rmSync(file);
  }
  assert.equal(mapped, Math.ceil(MAX_READ_LENGTH / large.length) - 1);
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', listener);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /^MAX_READ_LENGTH is reached: /);
});

test('large maps are forgotten sooner than small ones', () => {
  const first = beside();
  const before = origin(first);
  const large = JSON.stringify(map({ mappings: `${MAPPINGS}${';'.repeat(15_000_000)}` }));
  const others = Array.from({ length: Math.floor(MAX_CACHED_LENGTH / large.length) }, () => {
    return generated('//# sourceMappingURL=a.js.map\n', large);
  });
  for (const file of others) origin(file);
  writeFileSync(`${first}.map`, JSON.stringify(map({ sources: ['b.ts'] })));
  assert.equal(origin(first), before);
  origin(generated('//# sourceMappingURL=a.js.map\n', large));
  origin(generated('//# sourceMappingURL=a.js.map\n', large));
  assert.equal(origin(others[0] as string), source(others[0] as string));
});

test('paths and URLs of one file are one path', () => {
  assert.equal(filePath('/elsewhere/my app.js'), '/elsewhere/my app.js');
  assert.equal(filePath('file:///elsewhere/my%20app.js?t=1'), '/elsewhere/my app.js');
  assert.equal(filePath('/elsewhere/what?.js'), '/elsewhere/what?.js');
  assert.equal(filePath('node:fs'), 'node:fs');
});

/** Compiled by the real compiler; types and blank lines move what is below them. */
const FIXTURE = `interface Capture {
  (): string;
}

type Twice = readonly [string, string];

export function outer(capture: Capture): Twice {
  const unused: number = 1;

  return [capture(), \`\${unused}\`];
}
`;

/** Prints the position of the frame in the fixture, as mapped here and as Node prints it. */
const SCRIPT = `
import { unlinkSync, existsSync } from 'node:fs';
const [reportModule, fixture] = process.argv.slice(2);
const { originalFrame } = await import(reportModule);
const { outer } = await import(fixture + '?t=1');
const prepare = Error.prepareStackTrace;
const [theirs] = outer(() => new Error('x').stack.split('\\n')[2]);
const mapFile = new URL(fixture + '.map');
if (process.execArgv.includes('--enable-source-maps') && existsSync(mapFile)) unlinkSync(mapFile);
const [ours] = outer(structured);
console.log(JSON.stringify({ ours, theirs }));
function structured() {
  Error.prepareStackTrace = (_, sites) => sites;
  const site = new Error('x').stack[1];
  Error.prepareStackTrace = prepare;
  const raw = { functionName: 'outer', file: site.getFileName(), line: site.getLineNumber(), column: site.getColumnNumber(), isAsync: false };
  const { file, line, column } = originalFrame(raw);
  return file + ':' + line + ':' + column;
}
`;

function compiled(...options: string[]): string {
  const directory = join(root, String(made++));
  mkdirSync(join(directory, 'src'), { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  writeFileSync(join(directory, 'src/fixture.ts'), FIXTURE);
  const require = createRequire(join(process.cwd(), 'package.json'));
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
  const common = [
    '--target',
    'es2022',
    '--module',
    'nodenext',
    '--ignoreConfig',
    '--rootDir',
    'src',
    '--outDir',
    'dist',
  ];
  execFileSync(process.execPath, [tsc, ...common, ...options, 'src/fixture.ts'], { cwd: directory });
  writeFileSync(join(directory, 'run.mjs'), SCRIPT);
  return directory;
}

function run(directory: string, ...flags: string[]): { ours: string; theirs: string } {
  const reportModule = new URL('../../src/platform/source-map.js', import.meta.url).href;
  const fixture = pathToFileURL(join(directory, 'dist/fixture.js')).href;
  const output = execFileSync(process.execPath, [...flags, join(directory, 'run.mjs'), reportModule, fixture]);
  return JSON.parse(output.toString()) as { ours: string; theirs: string };
}

for (const options of [['--sourceMap'], ['--inlineSourceMap'], ['--sourceMap', '--sourceRoot', '../src/']]) {
  test(`the compiler's own output: ${options.join(' ')}`, () => {
    const directory = compiled(...options);
    const position = `${join(directory, 'src/fixture.ts')}:10:11`;
    assert.doesNotMatch(readFileSync(join(directory, 'dist/fixture.js'), 'utf8'), /interface/);
    assert.equal(run(directory).ours, position);
    // Node has the map in memory here, the file is gone: and both agree on the position.
    const { ours, theirs } = run(directory, '--enable-source-maps');
    assert.equal(ours, position);
    assert.ok(theirs.includes(position), theirs);
  });
}
