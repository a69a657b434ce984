/** The names that a module exports, values and types alike, by its source. */
import { scan, type Token } from '../architecture/source-scan.js';

/** What may stand between `export` and the name of a declaration. */
const DECLARING = new Set([
  'abstract',
  'async',
  'class',
  'const',
  'declare',
  'enum',
  'function',
  'interface',
  'let',
  'type',
]);

/** In the order of the source. Throws where a name can not be seen: `export *`, `export default`, a pattern. */
export function exportedNames(source: string): string[] {
  const tokens = scan(source);
  return tokens.flatMap(({ kind, text }, index) =>
    kind === 'word' && text === 'export' ? namesAt(tokens, index) : [],
  );
}

function namesAt(tokens: readonly Token[], start: number): string[] {
  let at = start + 1;
  while (DECLARING.has(tokens[at]?.text ?? '')) at += 1;
  const first = tokens[at];
  if (first?.text === '{') return listedNames(tokens, at + 1);
  if (first?.kind !== 'word' || first.text === 'default') {
    throw new Error(`line ${tokens[start]?.line}: export of what has no name`);
  }
  return [first.text];
}

/** Of `a, type B, c as d }`: a, B, d. The name of an item is its last word. */
function listedNames(tokens: readonly Token[], start: number): string[] {
  const names: string[] = [];
  for (let at = start; tokens[at] !== undefined && tokens[at - 1]?.text !== '}'; at++) {
    const before = tokens[at - 1];
    if ((tokens[at]?.text === ',' || tokens[at]?.text === '}') && before?.kind === 'word') names.push(before.text);
  }
  return names;
}
