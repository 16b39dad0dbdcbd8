import { raised } from "../errors";
import type { Value } from "../values";
import { type Args, type Library, pure } from "./function";

/** Source: docs/reference/stdlib/text. */
export const text: Library = {
  "text.decode": pure("data charset?", (args) => decode(args)),
  "text.encode": pure("data charset?", (args) => Buffer.from(args.text("data"), charset(args))),
  "text.find_all": pure("source substr", (args) => matches(args, new RegExp(escaped(args.text("substr")), "gu"))),
  "text.find_all_regex": pure("source regexp", (args) => matches(args, pattern(args, "g"))),
  "text.match_regex": pure("source regexp", (args) => pattern(args, "").test(args.text("source"))),
  "text.replace_all": pure("source substr repl", (args) =>
    args.text("source").replaceAll(args.text("substr"), () => args.text("repl")),
  ),
  "text.replace_all_regex": pure("source regexp repl", (args) =>
    args.text("source").replace(pattern(args, "g"), replacement(args.text("repl"))),
  ),
  "text.split": pure("source separator", (args) => args.text("source").split(args.text("separator"))),
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
    throw raised("ValueError", "the bytes are no UTF-8");
  }
}

/** What JavaScript's expressions can and RE2's cannot: looking around and referring back. */
const NOT_RE2 = /\(\?(?:[=!]|<[=!])|\\[1-9]|\\k</;

function pattern(args: Args, flags: string): RegExp {
  const source = args.text("regexp");
  try {
    if (!NOT_RE2.test(source.replaceAll("\\\\", ""))) return new RegExp(source, `${flags}u`);
  } catch {
    // Told below.
  }
  throw raised("ValueError", `invalid regular expression: ${source}`);
}

/** RE2 writes groups as `\1`, and `$` has no meaning. */
function replacement(repl: string): string {
  return repl
    .replaceAll("$", "$$$$")
    .replace(/\\(\\|\d)/g, (_, sign) => (sign === "\\" ? "\\" : sign === "0" ? "$&" : `$${sign}`));
}

function matches(args: Args, expression: RegExp): Value {
  return [...args.text("source").matchAll(expression)].map(
    (match) =>
      new Map<string, Value>([
        ["index", BigInt(match.index)],
        ["match", match[0]],
      ]),
  );
}

function substring(args: Args): string {
  const characters = [...args.text("source")];
  const [start, end] = [args.integer("start"), args.integer("end")];
  if (start < 0n || end < start || end > characters.length) {
    throw raised("IndexError", `substring ${start} to ${end} of ${characters.length} characters`);
  }
  return characters.slice(Number(start), Number(end)).join("");
}

function escaped(source: string): string {
  return source.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
