import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { capturePlace, type CapturedFrame } from '../../src/platform/captured-frame.js';
import { scopeFrames } from '../../src/platform/scope-frame.js';

function place(): readonly CapturedFrame[] {
  return capturePlace(place);
}

describe('the place of a call', () => {
  it('is one object however often it is captured, and another one for another place', () => {
    const [first, second] = [0, 1].map(() => place()) as [readonly CapturedFrame[], readonly CapturedFrame[]];
    const other = place();
    assert.equal(first, second);
    assert.equal(first.length, 1);
    assert.match(first[0]!.file, /captured-frame\.test\.js$/);
    assert.notEqual(first, other);
    assert.notEqual(`${first[0]!.line}:${first[0]!.column}`, `${other[0]!.line}:${other[0]!.column}`);
  });

  it('in the function of a scope is that of the scope which runs now', () => {
    const outer = {};
    const inner = {};
    const [ofOuter, ofInner] = scopeFrames.runNow(outer, () => {
      const captured = scopeFrames.runNow(inner, place);
      return [scopeFrames.runNow(outer, place), captured];
    });
    assert.equal(ofOuter![0]!.scope, outer);
    assert.equal(ofInner![0]!.scope, inner);
  });
});
