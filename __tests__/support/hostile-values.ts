/** Stands in generated payloads and tokens for what must never reach a log. */
export const SECRET = "s3cr3t payload";

/** Texts that programs stumble over, whatever they expect. */
export const TEXTS = [
  ...["", " ", "\u0000", "\r\n", "\u007f", "\ud800", "x\udc00y", "\uFEFF", "\u202e", "e\u0301", "😀", "\uFFFF", "${x}"],
  ...["../../x", "..", ".", "/", "//", "a/../../b", "%2e%2e%2f", "..%2f", "\\..\\", "/etc/passwd", "C:\\x", "x/"],
  ...["gs://other/a.csv", "gs://", "GS://in-bucket/a", "https://evil/a.csv", "gs://run-bucket/runs/r1/run.json"],
  ...["r1", "train", "steps", "OBJECT_FINALIZE", SECRET],
];

export const PROTOTYPE_NAMES = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"];

/** As JSON writes them; the last is none. */
export const NUMBERS = [
  ...["0", "-0", "-1", "1.5", "1e999", "-1e999", "1e308", "5e-324", "9007199254740993", "9".repeat(400), "01"],
];

/** Characters beyond which a text is not taken for anything. */
const LONG = 5000;
const TIMESTAMPS = [
  ...["2026-02-31T00:00:00Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+10:00"],
  ...["2026-01-01 00:00:00Z", "2026-01-01T00:00:00+0530", "2026-01-01T24:00:00Z", "2026-06-30T23:59:60Z", "now"],
];
const NUMERALS = ["9".repeat(20), "9223372036854775808", "9".repeat(18), "1e3", "-1", "0x10", "007", "NaN", ""];

/**
 * Wrong values of the same kind as a JSON text or number: what a check of the kind alone would let
 * pass.
 */
export function alikes(json: string): string[] {
  if (json.length > LONG) return [json];
  return json.startsWith('"') ? textsLike(JSON.parse(json)).map((text) => JSON.stringify(text)) : NUMBERS;
}

function textsLike(text: string): string[] {
  if (text.startsWith("gs://")) return pathsLike(text);
  if (/^\d{4}-\d\d-\d\d/.test(text)) return TIMESTAMPS;
  if (/^\d+$/.test(text)) return NUMERALS;
  return [
    ...["", `../${text}`, `${text}/..`, `/${text}`, `${text}\u0000`, `${text}\n`, `${text}\ud800`, ` ${text}`],
    ...[text.toUpperCase(), text.slice(0, 5).repeat(200), `${text}%2f..`, `${text}\uFEFF`],
    ...PROTOTYPE_NAMES,
  ];
}

/** The name with something before it, so that its ending stays right. */
function pathsLike(path: string): string[] {
  const [bucket = "", ...segments] = path.slice("gs://".length).split("/");
  const name = segments.join("/");
  const before = [
    ...["../", "./", "/", "a/../", "a//", "%2e%2e/", "..\\", "\u0000", "a\n", "\ud800", "a/\u007f/", "é/"],
    ...[".well-known/acme-challenge/", "runs/r1/", `${"x".repeat(880)}/`, `${"é".repeat(450)}`, "?alt=media&", "#"],
  ];
  return [
    ...before.map((prefix) => `gs://${bucket}/${prefix}${name}`),
    ...[`gs://${bucket}.evil/${name}`, `gs://other/${name}`, `gs://${bucket}@other/${name}`, `gs://${bucket}`],
    ...[`gs://${bucket}/${name}/`, `gs://${bucket}/${name}\u0000`, `gs:/${bucket}/${name}`, `/${name}`, ` ${path}`],
  ];
}
