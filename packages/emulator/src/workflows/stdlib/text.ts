import { raised } from "../errors";
import type { Value } from "../values";
import { type Args, type Library, pure } from "./function";
import { Expression, type Match } from "./regex";

/** Source: docs/reference/stdlib/text. */
export const text: Library = {
  "text.decode": pure("data charset?", (args) => decode(args)),
  "text.encode": pure("data charset?", (args) => Buffer.from(args.text("data"), charset(args))),
  "text.find_all": pure("source substr", (args) => found(args, occurrences(args.text("source"), args.text("substr")))),
  "text.find_all_regex": pure("source regexp", (args) => found(args, regex(args).all(args.text("source")))),
  "text.match_regex": pure("source regexp", (args) => regex(args).matches(args.text("source"))),
  "text.replace_all": pure("source substr repl", (args) =>
    args.text("substr") === ""
      ? regexOf("").replaceAll(args.text("source"), args.text("repl"))
      : args.text("source").replaceAll(args.text("substr"), () => args.text("repl")),
  ),
  "text.replace_all_regex": pure("source regexp repl", (args) =>
    regex(args).replaceAll(args.text("source"), args.text("repl")),
  ),
  "text.split": pure("source separator", (args) =>
    args.text("separator") === "" ? [...args.text("source")] : args.text("source").split(args.text("separator")),
  ),
  "text.substring": pure("source start end", substring),
  "text.to_lower": pure("source", (args) => args.text("source").toLowerCase()),
  "text.to_upper": pure("source", (args) => args.text("source").toUpperCase()),
  "text.url_encode": pure("source", (args) => urlEncode(args.text("source"))),
  "text.url_encode_plus": pure("source", (args) => urlEncode(args.text("source")).replaceAll("%20", "+")),
  "text.url_decode": pure("source", (args) => urlDecode(args.text("source"))),
};

/** All but letters, digits, `-`, `_`, `.` and `~`. Source: RFC 3986 2.3. */
export function urlEncode(source: string): string {
  return encodeURIComponent(source).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function urlDecode(source: string): string {
  try {
    return decodeURIComponent(source);
  } catch {
    throw raised("ValueError", `invalid percent-encoding: ${JSON.stringify(source)}`);
  }
}

function charset(args: Args): "utf-8" {
  const name = args.has("charset") ? args.text("charset") : "UTF-8";
  if (!/^utf-?8$/i.test(name)) throw raised("ValueError", `charset ${name} is not simulated; UTF-8 is`);
  return "utf-8";
}

function decode(args: Args): string {
  const decoder = new TextDecoder(charset(args), { fatal: true, ignoreBOM: true });
  const data = args.bytes("data");
  try {
    return decoder.decode(data);
  } catch {
    throw raised("ValueError", "the bytes are not UTF-8");
  }
}

const regexOf = (source: string) => new Expression(source);
const regex = (args: Args) => regexOf(args.text("regexp"));

function occurrences(source: string, part: string): Match[] {
  if (part === "") return regexOf("").all(source);
  const matches: Match[] = [];
  for (let at = source.indexOf(part); at >= 0; at = source.indexOf(part, at + part.length))
    matches.push({ start: at, text: part });
  return matches;
}

/**
 * Each with the number of characters before it: texts are counted in code points, as `len` does.
 */
function found(args: Args, matches: readonly Match[]): Value {
  const source = args.text("source");
  let index = 0;
  let from = 0;
  return matches.map(({ start, text: match }) => {
    index += lengthOf(source.slice(from, start));
    from = start;
    return new Map<string, Value>([
      ["index", BigInt(index)],
      ["match", match],
    ]);
  });
}

const lengthOf = (text: string) => [...text].length;

function substring(args: Args): string {
  const characters = [...args.text("source")];
  const [start, end] = [args.integer("start"), args.integer("end")];
  if (start < 0n || end < start || end > characters.length) {
    throw raised("IndexError", `substring ${start} to ${end} of ${characters.length} characters`);
  }
  return characters.slice(Number(start), Number(end)).join("");
}
