/**
 * The text of a file, in UTF-8 or UTF-16: what PowerShell 5 redirects with `>` is UTF-16, with a byte order mark. Source:
 * learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_character_encoding
 */
export function decoded(bytes: Buffer): string {
  const [first, second] = bytes;
  // JSON begins with an ASCII character, so a zero beside it is half of one in UTF-16.
  const little = (first === 0xff && second === 0xfe) || (first !== 0 && second === 0);
  const big = (first === 0xfe && second === 0xff) || (first === 0 && second !== 0);
  const encoding = little ? "utf-16le" : big ? "utf-16be" : "utf-8";
  // It takes the byte order mark away.
  return new TextDecoder(encoding).decode(bytes);
}
