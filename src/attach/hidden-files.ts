/** Whose functions are left out of what is shown: those of Node and of this package, also of another copy than this one. */
import { isOwnFrame } from '../report/stack-text.js';

export const isNodeFile = (file: string): boolean => file.startsWith('node:');

export function isHiddenFile(file: string): boolean {
  return isNodeFile(file) || isOwnFrame(file) || /[\\/]node_modules[\\/]lockdep[\\/]dist[\\/]/.test(file);
}
