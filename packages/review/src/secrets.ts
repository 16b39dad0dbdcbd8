import { createHmac, randomBytes } from "node:crypto";
import { isObject, type Value } from "./change";
import { isSecretName } from "./secret-names";

/**
 * Replaces a hidden value. Within one run, equal values have equal marks. A mark tells nothing
 * else.
 */
const MARK = /sensitive [0-9a-f]{64}/g;
const SHOWN = "(sensitive)";

/** In characters. Shorter texts occur by chance: hiding them everywhere would hide other values. */
const SHORTEST_TEXT = 6;

/** HTTP headers that carry credentials. */
const HEADER = /^(?:proxy-|x-serverless-|x-forwarded-)?authorization$|^(?:set-)?cookie2?$|^x-goog-iap-jwt-assertion$/i;
/** In a map of headers, every name with one of these words. */
const HEADER_WORD = /auth|cookie|credential|key|password|secret|signature|token/i;
const HEADERS = /headers?$/i;
/** In a map of environment variables, every name of a secret. */
const VARIABLES = /environment_variables$/i;

/** Credentials that Terraform does not mark: Google may return them in attributes. */
const FORMS: readonly RegExp[] = [
  // RFC 6750 and RFC 7617
  /^\s*(?:Bearer|Basic)\s+[\w+/=.~-]{6,}\s*$/gi,
  // RFC 7468
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  // RFC 7519
  /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/g,
  // Access tokens and API keys of Google: cloud.google.com/docs/authentication/token-types and
  // .../api-keys
  /\bya29\.[\w.-]{20,}/g,
  /\bAIza[\w-]{35}\b/g,
];

/**
 * Hides secrets in values before any other step reads them, so that no later step can show one.
 * Hidden are
 *
 * 1. values that Terraform marks as sensitive before or after the change, of any type and length;
 * 2. values of headers that authenticate, of variables that are named as secrets, and texts in the
 *    form of a credential, marked or not;
 * 3. in the same resource, every value that equals one of these (`terraform_data` repeats its input
 *    as its output);
 * 4. everywhere, each text in which one of them of 6 or more characters occurs, or a line of one: as
 *    it is, in JSON, or in a URL.
 */
export class Secrets {
  private readonly key = randomBytes(32);
  private readonly texts = new Set<string>();
  private pattern?: RegExp;

  /** Learns the texts that a mask marks, for rule 4. */
  learn(value: Value, ...masks: Value[]): void {
    for (const text of marked(value, masks)) {
      for (const part of [text, ...text.split(/\r?\n/).map((line) => line.trim())]) {
        if (part.length < SHORTEST_TEXT) continue;
        const json = JSON.stringify(part).slice(1, -1);
        // Terraform's jsonencode escapes what HTML could misread.
        const go = json.replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
        for (const form of [part, json, go, uri(part)]) this.texts.add(form);
      }
    }
    this.pattern = undefined;
  }

  /**
   * The values of one resource without secrets.
   *
   * @param masks in the shape of the values: `true` for a sensitive one
   */
  hide<T extends readonly Value[]>(values: T, ...masks: Value[]): { [K in keyof T]: Value } {
    const own = new Set(values.flatMap((value) => marked(value, masks)));
    return values.map((value) => this.value(value, masks, own)) as { [K in keyof T]: Value };
  }

  /** A text without the secrets in it. */
  text(text: string): string {
    return [...FORMS, this.all()].reduce((left, form) => left.replace(form, (secret) => this.mark(secret)), text);
  }

  private value(value: Value, masks: readonly Value[], own: ReadonlySet<string>): Value {
    if (value === null || value === undefined || value === "") return value;
    if (masks.includes(true)) return isEmpty(value) ? value : this.mark(JSON.stringify(value));
    if (typeof value === "string") return own.has(value) ? this.mark(JSON.stringify(value)) : this.text(value);
    if (typeof value === "number") {
      const text = String(value);
      return own.has(text) || this.texts.has(text) ? this.mark(text) : value;
    }
    if (typeof value !== "object") return value;
    if (Array.isArray(value)) return value.map((item, index) => this.value(item, below(masks, index), own));
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [
        this.text(name),
        this.value(item, inNamed(name, item, below(masks, name)), own),
      ]),
    );
  }

  private mark(secret: string): string {
    return `sensitive ${createHmac("sha256", this.key).update(secret).digest("hex")}`;
  }

  private all(): RegExp {
    // The longest first: a secret can contain another one.
    const longest = [...this.texts].sort((a, b) => b.length - a.length);
    const nothing = "(?!)";
    this.pattern ??= new RegExp(longest.map(escaped).join("|") || nothing, "g");
    return this.pattern;
  }
}

/** Whether a text contains a hidden value. */
export function isHidden(text: string): boolean {
  return text.search(MARK) >= 0;
}

/** A text for readers, with `(sensitive)` for each hidden value. */
export function shown(text: string): string {
  return text.replace(MARK, SHOWN);
}

/** The texts and numbers that masks mark. */
function marked(value: Value, masks: readonly Value[]): string[] {
  if (typeof value === "string" || typeof value === "number") {
    return masks.includes(true) && value !== "" ? [String(value)] : [];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries<Value>(value).flatMap(([name, item]) =>
    marked(item, inNamed(name, item, below(masks, Array.isArray(value) ? Number(name) : name))),
  );
}

function below(masks: readonly Value[], key: string | number): Value[] {
  return masks.map((mask) =>
    mask === true ? true : typeof mask === "object" && mask !== null ? mask[key] : undefined,
  );
}

/** Adds masks for headers that carry credentials, and for variables that are named as secrets. */
function inNamed(name: string, value: Value, masks: Value[]): Value[] {
  if (typeof value === "string") return HEADER.test(name) ? [true] : masks;
  if (!isObject(value)) return masks;
  // A variable of a container.
  if (typeof value.name === "string" && isSecretName(value.name)) return [...masks, { value: true }];
  const isHeader = (key: string) => HEADER_WORD.test(key);
  const isSecret = HEADERS.test(name) ? isHeader : VARIABLES.test(name) ? isSecretName : undefined;
  if (!isSecret) return masks;
  const names = Object.keys(value).filter((key) => isSecret(key) && typeof value[key] === "string");
  return [...masks, Object.fromEntries(names.map((key) => [key, true]))];
}

function isEmpty(value: Value): boolean {
  return typeof value === "object" && Object.keys(value).length === 0;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

function uri(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    // Half of a surrogate pair, which a URL cannot contain.
    return text;
  }
}
