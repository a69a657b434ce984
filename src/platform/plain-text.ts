/**
 * Foreign text made fit to print: names from the program, file and source names, what somebody threw.
 *
 * Invariant: what comes out has no character that a terminal obeys, that changes the direction of what follows, or that
 * cannot be seen; each such character is shown as its escape. Plain text comes back as it is, so it does no harm to ask twice. The joiners
 * U+200C and U+200D stay: words and emoji are spelt with them, and they move nothing.
 *
 * Cost: linear in the text. Pure. The layer below all others, so that one rule holds wherever foreign text comes in or goes out.
 */

/**
 * Controls, formats (the marks of direction are among them), halves of surrogate pairs, separators of lines. Made when it is first
 * wanted: V8 looks up a literal's properties of characters when it reads the file, in half a millisecond.
 */
let unprintable: RegExp | undefined;

/** The text on one line: a name, a path, a sentence. */
export function plain(text: string): string {
  unprintable ??= new RegExp('(?!\\u200C|\\u200D)[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]', 'gu');
  return text.replace(unprintable, escaped);
}

/** Text of several lines, such as a stack. The later ones are indented, so that none can pass for the beginning of another message. */
export function plainLines(text: string): string {
  return text.split(/\r?\n/).map(plain).join('\n    ');
}

function escaped(character: string): string {
  const code = (character.codePointAt(0) as number).toString(16);
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
}
