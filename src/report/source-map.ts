/**
 * From generated to original source positions, for reports only.
 *
 * Invariant: a frame is mapped at most once. A frame that this module returned comes back unchanged, and a map's sources
 * are taken as final: they are not looked up for maps of their own. Whatever is wrong with a map (missing, unreadable,
 * malformed, no entry for the line), the frame as V8 gave it is the answer; nothing here throws.
 *
 * Cost: nothing until a report is written. Then one file read and one parse per generated file, kept for the last
 * `MAX_CACHED_MAPS` files; after that a binary search per frame.
 */
import { readFileSync, statSync } from 'node:fs';
import nodeModule from 'node:module';
import { dirname, isAbsolute, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { StackFrame } from '../tracker/stack-frame.js';

/** Parsed maps kept, in files. The least recently used goes first. */
export const MAX_CACHED_MAPS = 100;
/** A generated file or a map above this size, in bytes, is not read: a report must not stall the program it is about. */
export const MAX_MAP_BYTES: number = 64 * 1024 * 1024;

type NodeSourceMap = InstanceType<typeof nodeModule.SourceMap>;
type Payload = ConstructorParameters<typeof nodeModule.SourceMap>[0];

/** A map as it comes out of JSON: any field may be absent or of another type. */
interface LooseMap {
  readonly sources?: readonly (string | null)[];
  readonly sourceRoot?: string;
  readonly mappings?: string;
  readonly sections?: readonly { readonly map: LooseMap }[];
}

/** undefined: looked for, and there is none that can be used. */
const maps = new Map<string, NodeSourceMap | undefined>();
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

/** The path of a file, be it given as a path or as a `file:` URL, without query or fragment. Other schemes stay as they are. */
export function filePath(file: string): string {
  if (file.startsWith('file:')) {
    const bare = file.replace(/[?#].*$/s, '');
    try {
      return fileURLToPath(bare);
    } catch {
      return bare; // another host, or an escape that is not UTF-8
    }
  }
  // Development servers put the same `?t=123` behind plain paths.
  return isAbsolute(file) ? file.replace(/\?[\w-]+=[^/\\]*$/, '') : file;
}

/** Drops every parsed map, for tests that rewrite a file. Frames already mapped keep their answer. */
export function clearSourceMaps(): void {
  maps.clear();
}

function lookUp(frame: StackFrame): StackFrame | undefined {
  if (frame.line < 1 || frame.file === '' || frame.file.startsWith('node:')) return undefined;
  try {
    // findEntry counts from 0. findOrigin is not used: it adds the distance to the nearest entry, even across lines.
    const entry = sourceMapOf(frame.file)?.findEntry(frame.line - 1, frame.column - 1);
    if (entry === undefined || !('originalSource' in entry)) return undefined;
    const { originalSource, originalLine, originalColumn, generatedLine } = entry;
    // An entry ends with its line. The parser also hands out the last entry of an earlier line: that is not ours.
    if (!originalSource || generatedLine !== frame.line - 1) return undefined;
    const { functionName, isAsync } = frame; // by name: what else a captured frame carries need not live on here
    return {
      functionName,
      isAsync,
      file: filePath(originalSource),
      line: originalLine + 1,
      column: originalColumn + 1,
    };
  } catch {
    return undefined;
  }
}

function sourceMapOf(file: string): NodeSourceMap | undefined {
  const known = maps.has(file);
  const map = known ? maps.get(file) : load(file);
  maps.delete(file);
  maps.set(file, map);
  if (maps.size > MAX_CACHED_MAPS) maps.delete(maps.keys().next().value as string);
  return map;
}

function load(file: string): NodeSourceMap | undefined {
  try {
    // Node knows maps that are on no disk (loaders that compile on the fly), but only if it was told before the file
    // was loaded. It files a module with a query under the whole URL.
    return nodeModule.findSourceMap(file) ?? fromDisk(filePath(file));
  } catch {
    return undefined;
  }
}

function fromDisk(file: string): NodeSourceMap | undefined {
  if (!isAbsolute(file)) return undefined;
  const url = mappingUrl(readText(file));
  if (url === undefined) return undefined;
  const inline = /^data:[^,]*?(;base64)?,/.exec(url);
  if (inline !== null) {
    const data = url.slice(inline[0].length);
    const json = inline[1] === undefined ? decodeURIComponent(data) : Buffer.from(data, 'base64').toString('utf8');
    return parse(json, dirname(file));
  }
  const mapFile = fileURLToPath(new URL(url, pathToFileURL(file))); // throws on http: and the like, which is no map to us
  return parse(readText(mapFile), dirname(mapFile));
}

function readText(file: string): string {
  return statSync(file).size > MAX_MAP_BYTES ? '' : readFileSync(file, 'utf8');
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

function parse(json: string, directory: string): NodeSourceMap {
  // Some servers guard JSON with a first line that no script can run.
  const payload = absolute(JSON.parse(json.replace(/^\)\]\}'[^\n]*\n/, '')) as LooseMap, directory);
  return new nodeModule.SourceMap(payload as Payload);
}

/** The same map with every source resolved, in an index map (`sections`) too: node:module's parser ignores `sourceRoot`. */
function absolute(map: LooseMap, directory: string): LooseMap {
  if (map.sections !== undefined) {
    return { ...map, sections: map.sections.map((part) => ({ ...part, map: absolute(part.map, directory) })) };
  }
  // The parser reads what is no base64, or a number cut short, as zeros: positions that nobody wrote.
  if (/[^A-Za-z0-9+/,;]|[g-z0-9+/](?:[,;]|$)/.test(map.mappings ?? '')) throw new SyntaxError('broken mappings');
  const root = map.sourceRoot ?? '';
  const prefix = root === '' || root.endsWith('/') ? root : `${root}/`;
  const sources = map.sources?.map((source) => (source === null ? '' : sourcePath(prefix, source, directory)));
  return sources === undefined ? map : { ...map, sources, sourceRoot: '' };
}

function sourcePath(prefix: string, source: string, directory: string): string {
  const full = hasScheme(source) || isAbsolute(source) ? source : prefix + source;
  if (hasScheme(full)) return filePath(full);
  return resolve(directory, unescaped(full));
}

/** At least two letters, so that a Windows drive is not taken for a scheme. */
function hasScheme(source: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(source);
}

/** Sources are URLs by the book, and plain paths from many compilers: a stray `%` is then part of the name. */
function unescaped(source: string): string {
  try {
    return decodeURI(source);
  } catch {
    return source;
  }
}
