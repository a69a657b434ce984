import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as index from '../../src/index.js';
import { errorCode } from '../../src/errors.js';
import { KINDS } from '../../src/report/kinds.js';
import type { ReportKind } from '../../src/index.js';
import { declarationsOf, tagsOf } from './declarations.js';
import { commented, examplesOf, publicNames, type Commented } from './jsdoc.js';

/** The values that the package exports. */
const values: Readonly<Record<string, unknown>> = { ...index };
const paths = (found: readonly Commented[]): string[] => found.map(({ path }) => path);
const tagged = (each: Commented, name: string): boolean => each.tags.some((tag) => tag.name === name);

describe('the comments of the public declarations', () => {
  it('are those of every export', () => {
    const missing = publicNames.filter(({ declarations }) => declarations.length === 0);
    assert.deepEqual(
      missing.map(({ name }) => name),
      [],
      'exported, and declared nowhere',
    );
    assert.ok(publicNames.length > 40, `${publicNames.length}`);
  });

  it('are there for every export, method, option and field', () =>
    assert.deepEqual(paths(commented.filter(({ doc }) => doc === undefined)), []));

  it('begin with a sentence', () =>
    assert.deepEqual(paths(commented.filter(({ doc }) => doc !== undefined && !/^[`\w][^]*?[.:]/.test(doc))), []));

  it('say of every option what it is by default', () => {
    const options = commented.filter(({ path, isOptional }) => isOptional && /^\w+Options\./.test(path));
    assert.ok(options.length > 20, `${options.length}`);
    assert.deepEqual(paths(options.filter((each) => !tagged(each, 'default'))), []);
  });

  it('have an example for every class', () => {
    const classes = commented.filter(({ path }) => /^[A-Z]/.test(path) && path in values);
    assert.ok(classes.length >= 13, paths(classes).join(', '));
    const shown = new Set(commented.filter((each) => tagged(each, 'example')).map(({ path }) => path));
    assert.deepEqual(
      [...new Set(paths(classes))].filter((path) => !shown.has(path)),
      [],
    );
  });

  it('have an example for what does not explain itself', () => {
    const shown = new Set(commented.filter((each) => tagged(each, 'example')).map(({ path }) => path));
    const wanted = [
      'Mutex.might',
      'Semaphore.might',
      'RWSemaphore.mightWrite',
      'RWSemaphore.lockWrite',
      'Completion.signalling',
      'PseudoLock.touch',
      'PseudoLock.sync',
      'LockClass.subclass',
      'AcquireOptions.subclass',
      'AcquireOptions.nestLock',
      'LockGuard.transfer',
      'LockGuard.pin',
      ...['task', 'detached', 'structured', 'adopt', 'declareOrder', 'bless', 'snapshot', 'load', 'assertHeld'].map(
        (name) => `Lockdep.${name}`,
      ),
    ];
    assert.deepEqual(
      wanted.filter((path) => !shown.has(path)),
      [],
    );
  });

  it('have examples that are blocks of TypeScript', () =>
    assert.deepEqual(paths(commented.filter((each) => examplesOf(each).includes(''))), []));
});

describe('what the comments say is thrown', () => {
  const thrown = commented.flatMap(({ path, tags }) =>
    tags
      .filter(({ name }) => name === 'throws')
      .map(({ text }) => {
        const [, of = '', when = ''] = /^\{(\w+)\} ([^]*)$/.exec(text) ?? [];
        return { path, of, when, codes: when.match(/\bERR_\w+/g) ?? [] };
      }),
  );
  const ofKinds: ReadonlySet<string> = new Set((Object.keys(KINDS) as ReportKind[]).map(errorCode));

  it('is said of many calls', () => assert.ok(thrown.length > 50, `${thrown.length}`));

  it('is an error of the language or of the package, and when', () => {
    const known = (of: string): boolean => /^(?:|Type|Range)Error$/.test(of) || of in values;
    assert.deepEqual(
      thrown.filter(({ of, when }) => !known(of) || !/\bwhen\b/.test(when)),
      [],
    );
  });

  it('is named by a code that exists, where it is an error of the package', () => {
    const isRight = (of: string, codes: readonly string[]): boolean => {
      if (!(of in values)) return codes.length === 0;
      if (of === 'LockdepError') return codes.length > 0 && codes.every((code) => ofKinds.has(code));
      const { CODE } = values[of] as { readonly CODE?: string };
      return CODE !== undefined && codes.join() === CODE;
    };
    assert.deepEqual(
      thrown.filter(({ of, codes }) => !isRight(of, codes)),
      [],
    );
  });

  it('is named by a code that exists, wherever a comment has one', () => {
    const classes = Object.values(values) as readonly { readonly CODE?: string }[];
    const codes = new Set([...ofKinds, ...classes.map(({ CODE }) => CODE)]);
    const named = commented.flatMap(({ path, doc = '' }) =>
      (doc.match(/\bERR_LOCKDEP_\w+/g) ?? []).map((code) => ({ path, code })),
    );
    assert.deepEqual(
      named.filter(({ code }) => !codes.has(code) && code !== 'ERR_LOCKDEP_'),
      [],
    );
  });
});

describe('a declaration is read', () => {
  const text = `
/** Of the file. */
import { B } from './b.js';
/**
 * A class. See {@link B}.
 *
 * @example
 * \`\`\`ts
 * @decorated
 * new A();
 * \`\`\`
 */
export declare class A<L = B> extends B<L> {
    #private;
    /** A field. */
    readonly field?: string;
    static readonly CODE = "A";
    /** Makes it. */
    constructor(options?: {
        /** Of the argument. */
        inner: string;
    });
    /**
     * A method.
     *
     * @throws {RangeError} when
     * it is late
     */
    method(): void;
    [Symbol.dispose](): void;
    private hidden;
}
/** A function. */
interface F extends B, C {
    /** Calls. */
    (): void;
}
export declare const a: F;
`;
  const [a, f, constant] = declarationsOf(text);

  it('with its comment and what it extends', () => {
    assert.deepEqual(
      [a?.kind, a?.name, a?.bases, a?.doc?.split('\n')[0]],
      ['class', 'A', ['B'], 'A class. See {@link B}.'],
    );
    assert.deepEqual([f?.kind, f?.name, f?.bases, f?.doc], ['interface', 'F', ['B', 'C'], 'A function.']);
    assert.deepEqual([constant?.name, constant?.bases, constant?.doc], ['a', ['F'], undefined]);
  });

  it('with its members and their comments', () => {
    const members = [...(a?.members ?? []), ...(f?.members ?? [])];
    assert.deepEqual(
      members.map(({ name, doc, isOptional }) => [name, doc?.split('\n')[0], isOptional]),
      [
        ['field', 'A field.', true],
        ['CODE', undefined, false],
        ['constructor', 'Makes it.', false],
        ['method', 'A method.', false],
        ['[Symbol.dispose]', undefined, false],
        ['()', 'Calls.', false],
      ],
    );
  });

  it('with the tags of a comment, of which code has none', () => {
    assert.deepEqual(tagsOf(a?.doc ?? ''), [{ name: 'example', text: '```ts\n@decorated\nnew A();\n```' }]);
    assert.deepEqual(tagsOf(a?.members[3]?.doc ?? ''), [{ name: 'throws', text: '{RangeError} when\nit is late' }]);
  });
});
