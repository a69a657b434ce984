/** The part of `lockdep stacks` that is loaded only for it: attaching, reading the heap, the report text and its source maps. */
import { attached, type AttachOptions } from '../attach/attach.js';
import { lookAtFile, lookAtProcess, type LookLimits } from '../attach/look.js';
import { stacksData, type StacksData } from '../attach/stacks-data.js';
import { plain } from '../platform/plain-text.js';
import { stacksText } from './stacks-text.js';

export interface LookOptions extends AttachOptions, LookLimits {}

/** Looks at the process with this number, or at the heap snapshot in this file. Throws an AttachError where that can not be. */
export async function lookAt(
  target: number | string,
  options: LookOptions,
): Promise<{ readonly data: StacksData; readonly text: () => string }> {
  const isFile = typeof target === 'string';
  const look = isFile
    ? await lookAtFile(target)
    : await attached(target, options, (client, visit) => lookAtProcess(client, visit, options));
  const data = stacksData(look);
  return { data, text: () => stacksText(isFile ? plain(target) : `process ${target}`, data) };
}
