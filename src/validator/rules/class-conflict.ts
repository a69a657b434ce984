/** A class is asked for by its name, with other options than those it was created with, which stay. */
import type { LockClass } from '../../model/lock-class.js';
import type { Violation } from '../../report/types.js';
import { captureFrames } from '../../platform/captured-frame.js';
import { classUse } from '../lock-use.js';

export function classConflict(lockClass: LockClass, differing: readonly string[], below: () => void): Violation {
  const { name } = lockClass;
  return {
    id: `class-conflict:${name}`,
    kind: 'class-conflict',
    tier: 'strict',
    summary:
      `the class of this name was created with other options than are asked for here, and keeps them: ` +
      `${differing.join(', ')} ${differing.length === 1 ? 'differs' : 'differ'}`,
    acquiring: classUse(name, captureFrames(below)),
    held: [],
    task: '',
  };
}
