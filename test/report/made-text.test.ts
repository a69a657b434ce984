import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { assignedName, MadeTexts, MAX_SOURCE_BYTES } from '../../src/report/made-text.js';
import type { MadeLock } from '../../src/report/types.js';

const folder = mkdtempSync(join(tmpdir(), 'made-text-'));
after(() => rmSync(folder, { recursive: true }));

function source(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function made(file: string, column: number, rest: Partial<MadeLock> = {}): MadeLock {
  const making = { makers: ['Pool'], calls: [], site: { file: '/app.js', line: 6, column: 18 }, count: 1 };
  const { ordinal = 1 } = rest;
  return { place: { file, line: 1, column }, making, ordinal, nth: ordinal, primitive: 'Semaphore', ...rest };
}

function textOf(lock: MadeLock, ...others: MadeLock[]): string {
  const texts = new MadeTexts();
  for (const each of [lock, ...others]) texts.note(each);
  return texts.of(lock);
}

describe('the name that the source gives to a new object', () => {
  const cases: readonly (readonly [before: string, name: string | undefined])[] = [
    ['  permits = ', 'permits'],
    ['  readonly permits: Semaphore = ', 'permits'],
    ['  private readonly locks: Map<string, Mutex> = ', 'locks'],
    ['  #permits = ', '#permits'],
    ['    this.permits = ', 'permits'],
    ['    this.#permits=', '#permits'],
    ['const messages = makeMutex(), retries = ', 'retries'],
    ['  return { inner: ', 'inner'],
    ['  lock ??= ', 'lock'],
    ['  this.lock! = ', 'lock'],
    ['const größe = ', 'größe'],
    ['locks.set(key, ', undefined],
    ['if (lock == ', undefined],
    ['const make = () => ', undefined],
    ['return ', undefined],
    ['return known ? existing : ', undefined],
    ['  { known: a ? b : c, lock: ', 'lock'],
    ['', undefined],
    ['=', undefined],
    [':', undefined],
  ];
  for (const [before, name] of cases) {
    it(`before a new in ${JSON.stringify(before)} it is ${name ?? 'not there'}`, () => {
      assert.equal(assignedName(before), name);
    });
  }
});

describe('which of several locks that were made at one place', () => {
  const file = source('pool.js', 'class Pool { permits = new Semaphore(2) }');

  it('is told by its name, who made it, and where', () => {
    assert.equal(textOf(made(file, 24)), 'permits in Pool, /app.js:6:18');
  });

  it('is told by what its maker is assigned to, where a constructor makes that', () => {
    const app = source('app.js', 'class App { readers = new Pool(); constructor() { super(); } }');
    const making = (column: number): NonNullable<MadeLock['making']> => ({
      makers: ['Pool', 'App'],
      calls: [{ file: app, line: 1, column }],
      site: { file: '/app.js', line: 6, column: 18 },
      count: 1,
    });
    assert.equal(textOf(made(file, 24, { making: making(23) })), 'permits in Pool readers in App, /app.js:6:18');
    assert.equal(textOf(made(file, 24, { making: making(51) })), 'permits in Pool in App, /app.js:6:18');
  });

  it('is numbered among those that were made alike', () => {
    const [one, other] = [made(file, 24, { ordinal: 7, nth: 1 }), made(file, 24, { ordinal: 9, nth: 2 })];
    assert.equal(textOf(other, one), 'permits in Pool, /app.js:6:18, lock 2 of those made there');
  });

  it('is told by its number besides, where another one reads alike', () => {
    const text = textOf(made(file, 24, { ordinal: 3 }), made(file, 24, { ordinal: 5 }));
    assert.equal(text, 'permits in Pool, /app.js:6:18, lock 3 of those made there');
    assert.equal(textOf(made(file, 24), made(file, 24)), 'permits in Pool, /app.js:6:18', 'it is the same lock twice');
  });

  it('is told by the place and its number, where nothing is known of its making', () => {
    const text = textOf(made(file, 24, { making: undefined, ordinal: 2 }));
    assert.equal(text, `permits, ${file}:1:24, lock 2 of those made there`);
  });

  it('goes by the kind of the lock where the source can not be read', () => {
    const huge = source('huge.js', `class Pool { permits = new Semaphore(2) } //${' '.repeat(MAX_SOURCE_BYTES)}`);
    for (const unreadable of [join(folder, 'missing.js'), folder, '/dev/zero', 'node:internal', '', huge]) {
      assert.equal(textOf(made(unreadable, 24)), 'Semaphore in Pool, /app.js:6:18');
    }
  });

  it('is plain text, whatever the constructors are called', () => {
    const making = {
      makers: ['\u001B[31mPool', ''],
      calls: [],
      site: { file: '/app.js', line: 6, column: 18 },
      count: 1,
    };
    assert.equal(textOf(made(file, 24, { making })), 'permits in \\u001b[31mPool, /app.js:6:18');
  });
});
