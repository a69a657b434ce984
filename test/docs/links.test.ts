import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { anchors, documents, projectUrl, proseOf, readDocument, type Document } from './documents.js';

/** The relative links of a document that lead nowhere: to no file, or to no heading of one. */
function deadLinks({ path, text }: Document): string[] {
  const targets = [...proseOf(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets.filter((target) => !/^[a-z]+:/.test(target) && !leadsSomewhere(path, text, target));
}

function leadsSomewhere(path: string, text: string, target: string): boolean {
  const [file = '', anchor] = target.split('#');
  const url = new URL(file === '' ? path : file, new URL(path, projectUrl));
  if (file !== '' && !existsSync(url)) return false;
  if (anchor === undefined) return true;
  return anchors(file === '' ? text : readDocument(url.href.slice(projectUrl.href.length)).text).includes(anchor);
}

describe('the relative links', () => {
  for (const document of documents()) {
    it(`of ${document.path} lead to files and headings that exist`, () => assert.deepEqual(deadLinks(document), []));
  }
  it('are followed at all: README.md has many', () => {
    assert.ok(readDocument('README.md').text.split('](docs/').length > 5);
  });
});

describe('a link is found dead', () => {
  for (const [situation, text, dead] of [
    ['to a file that is not there', '[a](nowhere.md)', ['nowhere.md']],
    ['to a heading that is not there', '[a](order.md#nothing) [b](#here)', ['order.md#nothing', '#here']],
    ['unless the heading is there', '## Here\n[a](#here) [b](order.md#classes-by-place)', []],
    ['unless it is one of the web', '[a](https://example.com/nowhere.md)', []],
    ['unless it stands in a block of code', '```\n[a](nowhere.md)\n```', []],
  ] as const) {
    it(situation, () => assert.deepEqual(deadLinks({ path: 'docs/made-up.md', text }), dead));
  }
});
