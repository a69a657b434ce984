/**
 * A source map as its JSON has it, as a function from generated to original positions. Plain maps and index maps
 * (`sections`) of any producer; every field may be absent or of another type.
 *
 * Invariant: sources come out as full paths, or as URLs of another scheme than `file:`. A map that is broken throws when it
 * is read; where only a source is, the positions in it are not known. Names of sources are looked at when they are asked for.
 *
 * Cost: what JSON.parse and mappings.ts take; a binary search for each position.
 */
import { isAbsolute, resolve } from 'node:path';
import { filePath } from './file-path.js';
import { Mappings } from './mappings.js';

export interface SourcePosition {
  readonly file: string;
  /** From 0, as the column. */
  readonly line: number;
  readonly column: number;
}

/** From a position in the generated file, line and column from 0. */
export type FindSource = (line: number, column: number) => SourcePosition | undefined;

/** Index maps do not nest by the book; some producers do it all the same. */
const MAX_DEPTH = 10;

/** The part of a map that holds from one position of the generated file up to the next part. */
interface Section {
  readonly line: number;
  readonly column: number;
  readonly mappings: Mappings;
  readonly sources: readonly unknown[];
  /** Stands before each source. */
  readonly root: string;
}

/** Reads a map that lies in `directory`. Throws for what is none. */
export function readMap(json: string, directory: string): FindSource {
  // Some servers guard JSON with a first line that no script can run.
  const sections = sectionsOf(JSON.parse(json.replace(/^\)\]\}'[^\n]*\n/, '')), { line: 0, column: 0 }, MAX_DEPTH);
  return (line, column) => {
    const section = sections.findLast((each) => each.line < line || (each.line === line && each.column <= column));
    if (section === undefined) return undefined;
    const inSection = section.line === line ? column - section.column : column;
    const found = section.mappings.find(line - section.line, inSection);
    const source = found === undefined ? undefined : section.sources[found.source];
    if (found === undefined || typeof source !== 'string' || source === '') return undefined;
    return { file: sourcePath(section.root, source, directory), line: found.line, column: found.column };
  };
}

interface Offset {
  readonly line: number;
  readonly column: number;
}

function sectionsOf(value: unknown, at: Offset, depth: number): Section[] {
  const map = value as { readonly [field: string]: unknown };
  if (map['sections'] !== undefined) {
    if (!Array.isArray(map['sections']) || depth === 0) throw new SyntaxError('sections');
    return (map['sections'] as { readonly offset: Offset; readonly map: unknown }[]).flatMap((part) => {
      const { line, column } = part.offset;
      if (!Number.isSafeInteger(line) || !Number.isSafeInteger(column)) throw new SyntaxError('offset');
      return sectionsOf(
        part.map,
        { line: at.line + line, column: line === 0 ? at.column + column : column },
        depth - 1,
      );
    });
  }
  const { mappings, sources, sourceRoot } = map;
  if (typeof mappings !== 'string' || !Array.isArray(sources)) throw new SyntaxError('no mappings, or no sources');
  const root = typeof sourceRoot === 'string' ? sourceRoot : '';
  return [
    {
      ...at,
      mappings: new Mappings(mappings),
      sources: sources as readonly unknown[],
      root: root === '' || root.endsWith('/') ? root : `${root}/`,
    },
  ];
}

function sourcePath(root: string, source: string, directory: string): string {
  const full = hasScheme(source) || isAbsolute(source) ? source : root + source;
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
