/** Whether a function is the one that a frame of a stack belongs to. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runInThisContext } from 'node:vm';
import { captureFrames, type CapturedFrame } from '../../src/platform/captured-frame.js';
import { isFunctionOf } from '../../src/platform/function-text.js';

/** Its caller's frame. */
function here(): CapturedFrame {
  return captureFrames(here, 1)[0] as CapturedFrame;
}

const functions: Readonly<Record<string, () => Promise<CapturedFrame>>> = {
  'an arrow function': async () => here(),
  'an arrow function with a parameter': async (_given?: unknown) => here(),
  async 'a method'() {
    return here();
  },
  'a function with a name': async function named() {
    return here();
  },
  'a function without one': async function () {
    return here();
  },
  'a static method': class {
    static async run(): Promise<CapturedFrame> {
      return here();
    }
  }.run,
  'a function of several lines': async (
    // A remark is a part of the text.
  ) => {
    await Promise.resolve();
    return here();
  },
};

describe('the function of a frame', () => {
  for (const [name, fn] of Object.entries(functions)) {
    it(`is known by its text: ${name}`, async () => {
      const frame = await fn();
      assert.ok(isFunctionOf(frame, fn));
      for (const other of Object.values(functions)) assert.equal(isFunctionOf(frame, other), other === fn);
    });
  }

  it('is not known where its code has no file, nor where what is asked about is no function', async () => {
    const evaluated = runInThisContext('(here) => async () => here()')(here) as () => Promise<CapturedFrame>;
    assert.equal(isFunctionOf(await evaluated(), evaluated), false);
    const frame = here();
    assert.equal(
      isFunctionOf({ ...frame, file: 'file:///nowhere.js', functionId: 'file:///nowhere.js|f|1:1' }, here),
      false,
    );
    assert.equal(isFunctionOf(frame, 'here'), false);
  });
});
