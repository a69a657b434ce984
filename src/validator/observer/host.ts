/** What the observer of locks works for: a validator, and where its verdicts go. */
import type { Below } from '../../platform/below.js';
import type { Hold } from '../../model/hold.js';
import type { LockClass } from '../../model/lock-class.js';
import type { AcquireChannels } from '../../report/channels.js';
import type { Report, Violation } from '../../report/types.js';
import type { Validator } from '../validator.js';

export interface ObserverHost {
  /** The world whose locks it looks on at: two locks of one world may be told about in one report. */
  readonly world: object;
  readonly validator: Validator;
  readonly off: boolean;
  /** Where acquisitions are told of; undefined for an isolated instance. */
  readonly acquireChannels: AcquireChannels | undefined;
  readonly enforce: boolean;
  /** Milliseconds since the epoch, for ages. */
  readonly now: () => number;
  report(violation: Violation): Report;
  /** A flow has to wait; `promise` is what its caller gets. */
  waitBegins(wait: Hold, promise: Promise<unknown>): void;
  /** A lock of the class is freed, or a wait for it ended, by somebody who neither has it nor waits. */
  freedFromOutside(lockClass: LockClass): void;
  /** In enforce the offending call throws. */
  refuse(report: Report): void;
  /** A lock has been given a class by the caller of `below`, who has chosen it. */
  classChosen(lockClass: LockClass, below: Below): void;
}
