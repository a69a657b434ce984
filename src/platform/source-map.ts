/**
 * From generated to original source positions, for reports only.
 *
 * Invariant: a frame is mapped at most once. A frame that this module returned comes back unchanged, and a map's sources
 * are taken as final: they are not looked up for maps of their own. Whatever is wrong with a map (missing, too large, no
 * regular file, unreadable, malformed, no entry for the line), the frame as V8 gave it is the answer; nothing here throws.
 *
 * Cost: nothing until a report is written. Then one file read and one parse per generated file, both within the limits
 * below, kept for the files asked for last; after that a binary search per frame.
 */
import nodeModule from 'node:module';
import { dirname, isAbsolute } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { StackFrame } from './stack-frame.js';
import { readBoundedFile } from './bounded-file.js';
import { showWarning } from './warnings.js';
import { filePath } from './file-path.js';
import { readMap, type FindSource } from './map-file.js';

/** A generated file or a map above this size, in bytes, is not read: a report must not stall the program it is about. */
export const MAX_MAP_BYTES: number = 16 * 1024 * 1024;
/** Maps kept, in files, the one just asked for included. The least recently used goes first. */
export const MAX_CACHED_MAPS = 100;
/** And in characters of what they were read from. */
export const MAX_CACHED_LENGTH: number = 4 * MAX_MAP_BYTES;
/** Characters that are read in the life of a process, about two seconds' worth. From then on positions stay as V8 gives them. */
export const MAX_READ_LENGTH: number = 16 * MAX_MAP_BYTES;

interface CachedMap {
  /** undefined: looked for, and there is none that can be used. */
  readonly find: FindSource | undefined;
  /** Characters of the text that it was read from, which is about what it keeps. */
  readonly length: number;
}

const NO_MAP: CachedMap = { find: undefined, length: 0 };
/** By generated file, in the order in which they were asked for. */
const maps = new Map<string, CachedMap>();
let cachedLength = 0;
let readLength = 0;
/** Raw frame to original frame; an original frame leads to itself. */
const originals = new WeakMap<StackFrame, StackFrame>();

/** The frame at its original position, or the frame itself when no source map covers it. */
export function originalFrame(frame: StackFrame): StackFrame {
  let original = originals.get(frame);
  if (original === undefined) {
    original = lookUp(frame) ?? frame;
    originals.set(frame, original);
    originals.set(original, original);
  }
  return original;
}

/** Takes the map at this URL for a generated file whose code is on no disk, such as that of another process. */
export function addSourceMap(file: string, url: string): void {
  try {
    const map = fromUrl(url, filePath(file));
    maps.set(file, map);
    cachedLength += map.length;
  } catch {
    // It is as if there were none.
  }
}

/** Drops every parsed map, for tests that rewrite a file. Frames already mapped keep their answer. */
export function clearSourceMaps(): void {
  maps.clear();
  cachedLength = 0;
  readLength = 0;
}

function lookUp(frame: StackFrame): StackFrame | undefined {
  if (frame.line < 1 || frame.file === '' || frame.file.startsWith('node:')) return undefined;
  try {
    const found = mapOf(frame.file).find?.(frame.line - 1, frame.column - 1);
    if (found === undefined) return undefined;
    const { functionName, isAsync } = frame; // by name: what else a captured frame carries need not live on here
    return { functionName, isAsync, file: found.file, line: found.line + 1, column: found.column + 1 };
  } catch {
    return undefined;
  }
}

function mapOf(file: string): CachedMap {
  const known = maps.get(file);
  const map = known ?? load(file);
  maps.delete(file);
  maps.set(file, map);
  if (known === undefined) {
    cachedLength += map.length;
    for (const [oldest, { length }] of maps) {
      if (maps.size <= MAX_CACHED_MAPS && cachedLength <= MAX_CACHED_LENGTH) break;
      maps.delete(oldest);
      cachedLength -= length;
    }
  }
  return map;
}

function load(file: string): CachedMap {
  try {
    // Node knows maps that are on no disk (loaders that compile on the fly), but only if it was told before the file
    // was loaded. It files a module with a query under the whole URL.
    const nodes = nodeModule.findSourceMap(file);
    return nodes === undefined ? fromDisk(filePath(file)) : { find: (...at) => entryOf(nodes, ...at), length: 0 };
  } catch {
    return NO_MAP;
  }
}

function entryOf(map: InstanceType<typeof nodeModule.SourceMap>, line: number, column: number): ReturnType<FindSource> {
  // findEntry counts from 0. findOrigin is not used: it adds the distance to the nearest entry, even across lines.
  const entry = map.findEntry(line, column);
  if (!('originalSource' in entry)) return undefined;
  const { originalSource, originalLine, originalColumn, generatedLine } = entry;
  // An entry ends with its line. The parser also hands out the last entry of an earlier line: that is not ours.
  if (!originalSource || generatedLine !== line || originalLine < 0 || originalColumn < 0) return undefined;
  return { file: filePath(originalSource), line: originalLine, column: originalColumn };
}

function fromDisk(file: string): CachedMap {
  if (!isAbsolute(file)) return NO_MAP;
  const url = mappingUrl(readText(file));
  return url === undefined ? NO_MAP : fromUrl(url, file);
}

/** The map at a URL that stands in this file. Throws for what is none; a URL of the network is never fetched. */
function fromUrl(url: string, file: string): CachedMap {
  const inline = /^data:[^,]*?(;base64)?,/.exec(url);
  if (inline !== null) {
    const data = url.slice(inline[0].length);
    const json = inline[1] === undefined ? decodeURIComponent(data) : Buffer.from(data, 'base64').toString('utf8');
    return { find: readMap(json, dirname(file)), length: json.length };
  }
  const location = new URL(url, pathToFileURL(file));
  if (location.host !== '') return NO_MAP; // on Windows, a path to another machine
  const mapFile = fileURLToPath(location); // throws on http: and the like, which is no map to us
  const json = readText(mapFile);
  return { find: readMap(json, dirname(mapFile)), length: json.length };
}

/** '' where the limits do not allow it. */
function readText(file: string): string {
  if (readLength >= MAX_READ_LENGTH) {
    tellLimit();
    return '';
  }
  const text = readBoundedFile(file, MAX_MAP_BYTES) ?? '';
  readLength += text.length;
  return text;
}

let toldLimit = false;

function tellLimit(): void {
  if (toldLimit) return;
  toldLimit = true;
  showWarning(
    `MAX_READ_LENGTH is reached: ${MAX_READ_LENGTH} characters of source maps have been read, so positions in further files ` +
      'are told as in the generated code',
    'LOCKDEP_SOURCE_MAPS',
  );
}

/** The URL in the closing `sourceMappingURL` comment. The same words in a string further up are not that comment. */
function mappingUrl(code: string): string | undefined {
  const at = code.lastIndexOf('sourceMappingURL=');
  if (at < 0 || !/\/\/[#@][ \t]+$/.test(code.slice(Math.max(0, at - 8), at))) return undefined;
  const [first = '', ...following] = code.slice(at + 'sourceMappingURL='.length).split(/\r\n|[\n\r\u2028\u2029]/);
  const last = following.every((line) => /^\s*(\/\/.*)?$/.test(line));
  const url = first.trim();
  return last && url !== '' && !/[\s'"`]/.test(url) ? url : undefined;
}
