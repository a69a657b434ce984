/**
 * Notices classes that are made for one lock each, in a loop: of such locks no order is ever learned, and every one of
 * them costs the memory of a class.
 *
 * Invariant: a place counts the classes that got their first lock there and have not got a second one, nor were disposed
 * of. Cost: a comparison per lock with a class of its own choice; for the first one of a class a frame is captured (about
 * 5 microseconds).
 */
import type { Below } from '../platform/below.js';
import { captureCallSites, fileOf } from '../platform/call-sites.js';
import type { LockClass } from '../model/lock-class.js';
import { siteOf } from '../report/stack-text.js';
import type { Violation } from '../report/types.js';
import { captureFrames } from '../platform/captured-frame.js';
import { classUse } from './lock-use.js';

/** So many classes with one lock each, all from one place, are taken for a mistake. */
export const CLASSES_PER_PLACE = 128;

/** Places that are counted; code that is evaluated again and again may bring any number, and then all are counted anew. */
const MAX_COUNTED_PLACES = 10_000;

interface Place {
  soles: number;
  told: boolean;
}

export class ClassGrowth {
  readonly #places = new Map<string, Place>();
  #placeOf = new WeakMap<LockClass, Place>();

  /** A lock has been given this class by the caller of `below`. Returns what there is to be said of that place, once. */
  counted(lockClass: LockClass, below: Below): Violation | undefined {
    if (lockClass.locks > 2) return undefined;
    if (lockClass.locks > 1) {
      this.forget(lockClass);
      return undefined;
    }
    const place = this.#placeAbove(below);
    this.#placeOf.set(lockClass, place);
    place.soles += 1;
    if (place.soles < CLASSES_PER_PLACE || place.told) return undefined;
    place.told = true;
    const frames = captureFrames(below);
    return {
      id: `limit:CLASSES_PER_PLACE:${siteOf(frames)}`,
      kind: 'limit',
      tier: 'advisory',
      summary:
        `${place.soles} classes with one lock each have been made for the locks of this place. An order is learned between ` +
        'classes, so between such locks none is ever found wrong; and no class is freed before its dispose()',
      acquiring: classUse(lockClass.name, frames),
      held: [],
      task: '',
    };
  }

  forget(lockClass: LockClass): void {
    const place = this.#placeOf.get(lockClass);
    if (place === undefined) return;
    place.soles -= 1;
    this.#placeOf.delete(lockClass);
  }

  clear(): void {
    this.#places.clear();
    this.#placeOf = new WeakMap();
  }

  #placeAbove(below: Below): Place {
    const site = captureCallSites(below, 1)[0];
    const key = site === undefined ? '' : `${fileOf(site)}:${site.getLineNumber()}:${site.getColumnNumber()}`;
    let place = this.#places.get(key);
    if (place === undefined) {
      if (this.#places.size >= MAX_COUNTED_PLACES) this.#places.clear();
      place = { soles: 0, told: false };
      this.#places.set(key, place);
    }
    return place;
  }
}
