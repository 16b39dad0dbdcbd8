import { basename, extname } from "node:path";
import { shellQuoted } from "../core/shell";

export interface CurlOptions {
  /** PEM of the run's certificate authority. */
  readonly caFile: string;
  /** The run's TLS port on 127.0.0.1. */
  readonly port: number;
  /**
   * `host:port` of the metadata server of the account that commands call as. Undefined for commands
   * without a token.
   */
  readonly metadata?: string;
  /** URL of the control server. */
  readonly controlUrl: string;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".csv": "text/csv",
  ".jsonl": "application/x-ndjson",
  ".txt": "text/plain",
};
/** A pasted line may be faster than the stack, so it retries for half a minute. */
const PATIENTLY = "--retry 30 --retry-delay 1 --retry-all-errors";

/**
 * Commands for a POSIX shell, from any folder, as often as one likes: each fetches its own token,
 * names new objects by the shell's variables, sends nothing where a file is missing, and ends with
 * an exit code other than 0 where it is refused.
 *
 * `$NAME` in names of objects and in bodies is a variable of the shell, if it is among `variables`.
 */
export class Curl {
  constructor(private readonly options: CurlOptions) {}

  /** @param file absolute path */
  upload(bucket: string, name: string, file: string): string {
    const url = `https://storage.googleapis.com/upload/storage/v1/b/${bucket}/o?uploadType=media&name=${inUrl(name)}`;
    const type = CONTENT_TYPES[extname(file)] ?? "application/octet-stream";
    // -T, unlike --data-binary @, sends nothing where it cannot read; -g takes brackets in its name
    // as they are.
    return this.command(url, `-g -X POST -T ${quoted(file)} -H 'Content-Type: ${type}'`);
  }

  /** An object that holds a text. */
  uploadText(bucket: string, name: string, text: string): string {
    const url = `https://storage.googleapis.com/upload/storage/v1/b/${bucket}/o?uploadType=media&name=${inUrl(name)}`;
    return this.command(url, `-H 'Content-Type: text/plain' --data-binary ${quoted(text)}`);
  }

  list(bucket: string, prefix = ""): string {
    const query = `${prefix && `prefix=${inUrl(prefix)}&`}fields=items/name`;
    return this.command(`https://storage.googleapis.com/storage/v1/b/${bucket}/o?${query}`, "");
  }

  /** Waits until the object is there. */
  read(bucket: string, name: string): string {
    const url = `https://storage.googleapis.com/storage/v1/b/${bucket}/o/${inUrl(name)}?alt=media`;
    return this.command(url, PATIENTLY, "-f");
  }

  post(url: string, body: object, variables: readonly string[] = []): string {
    return this.command(url, `-H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body), variables)}`);
  }

  /** Fires a Cloud Scheduler job now. */
  fire(job: string): string {
    return `curl -sS --fail-with-body -X POST ${this.options.controlUrl}/${job}:run`;
  }

  /**
   * Shows the dead letters by the control server, since by default no identity may consume them.
   */
  deadLetters(): string {
    return `curl -sS --fail-with-body ${this.options.controlUrl}/dead-letters`;
  }

  private command(url: string, rest: string, onFailure = "--fail-with-body"): string {
    const { caFile, port } = this.options;
    const parts = [
      `curl -sS ${onFailure}`,
      `--cacert ${quoted(caFile)}`,
      `--connect-to ::127.0.0.1:${port}`,
      this.authorization(url),
      rest,
      // Only variables have a meaning for the shell between double quotes.
      `"${url}"`,
    ];
    return parts.filter((part) => part !== "").join(" ");
  }

  private authorization(url: string): string {
    const { metadata } = this.options;
    if (metadata === undefined) return "";
    const { origin, hostname } = new URL(url);
    const account = `http://${metadata}/computeMetadata/v1/instance/service-accounts/default`;
    const ask = "curl -fsS -H Metadata-Flavor:Google";
    const token = hostname.endsWith(".googleapis.com")
      ? `${ask} ${account}/token | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/'`
      : `${ask} '${account}/identity?audience=${origin}'`;
    return `-H "Authorization: Bearer $(${token})"`;
  }
}

/**
 * Sets a variable of the shell to what a command writes, and shows it, also where the command
 * fails.
 */
export function keptAs(variable: string, command: string): string {
  const show = `printf '%s\\n' "$${variable}"`;
  return `${variable}=$(${command}) && ${show} || { ${show}; false; }`;
}

/**
 * Sets a variable of the shell to the text in a field of the JSON that another variable holds, of a
 * list to its first text.
 */
export function fieldOf(json: string, field: string, variable: string): string {
  // One field a line, as sed's patterns are greedy.
  return `${variable}=$(printf '%s' "$${json}" | tr ',{\\n' '\\n\\n ' | ${firstText(field)})`;
}

/**
 * Sets a variable of the shell to the first name in a list of objects, percent-encoded for a path.
 */
export function firstName(variable: string, list: string): string {
  return `${variable}=$(${list} | tr ',{\\n' '\\n\\n ' | ${firstText("name")} | sed 's#/#%2F#g')`;
}

/**
 * Sets a variable of the shell to a name that is another one each time.
 *
 * @param like a file whose name it begins with and ends as
 */
export function newName(variable: string, like: string): string {
  const extension = extname(like);
  const stem = basename(like, extension).replace(/[^\w-]/g, "-");
  return `${variable}=${stem}-$(date +%s)-\${RANDOM:-$$}${extension}`;
}

function firstText(field: string): string {
  return `sed -n 's/.*"${field}": *\\[* *"\\([^"]*\\)".*/\\1/p' | head -n 1`;
}

/** Between single quotes, variables outside of them. */
function quoted(text: string, variables: readonly string[] = []): string {
  return variables.reduce((found, name) => found.replaceAll(`$${name}`, `'"$${name}"'`), shellQuoted(text));
}

/** Percent-encoded, but for the variables of the shell. */
function inUrl(name: string): string {
  return encodeURIComponent(name).replaceAll("%24", "$");
}
