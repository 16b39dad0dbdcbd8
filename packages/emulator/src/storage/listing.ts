import type { Bucket } from "./bucket";
import { invalid } from "./storage-error";
import type { StoredObject } from "./stored-object";

export interface ListQuery {
  readonly prefix?: string;
  /** Names that have it after the prefix are listed as prefixes, each once. */
  readonly delimiter?: string;
  /** The first name of the list. */
  readonly startOffset?: string;
  /** The first name after the list. */
  readonly endOffset?: string;
  /** Names that end in the delimiter are items, too. */
  readonly includeTrailingDelimiter?: boolean;
  /** Noncurrent generations too. */
  readonly versions?: boolean;
  /** 1 to 1000, items and prefixes together. @default 1000 */
  readonly maxResults?: number;
  readonly pageToken?: string;
}

export interface ListPage {
  readonly items: readonly StoredObject[];
  readonly prefixes: readonly string[];
  readonly nextPageToken?: string;
}

const before = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;

/** Source: docs/json_api/v1/objects/list. */
export function listObjects(bucket: Bucket, query: ListQuery): ListPage {
  const { prefix = "", delimiter, startOffset, endOffset, maxResults = 1000 } = query;
  if (maxResults < 1) throw invalid(`Invalid value for maxResults: ${maxResults}; allowed: 1 or more`);
  const after = query.pageToken === undefined ? undefined : readToken(query.pageToken);

  const entries: (StoredObject | string)[] = [];
  let last: string | undefined;
  for (const object of bucket.all(prefix, query.versions ?? false)) {
    const { name } = object;
    if (startOffset !== undefined && before(name, startOffset)) continue;
    if (endOffset !== undefined && !before(name, endOffset)) continue;
    const cut = delimiter ? name.indexOf(delimiter, prefix.length) : -1;
    if (cut < 0 || !delimiter) {
      entries.push(object);
      continue;
    }
    const folder = name.slice(0, cut + delimiter.length);
    if (folder !== last) entries.push(folder);
    last = folder;
    if (query.includeTrailingDelimiter && name === folder) entries.push(object);
  }

  const rest = after ? entries.filter((entry) => isLater(keyOf(entry), after)) : entries;
  const page = rest.slice(0, Math.min(maxResults, 1000));
  const end = page.at(-1);
  return {
    items: page.filter((entry) => typeof entry !== "string"),
    prefixes: page.filter((entry) => typeof entry === "string"),
    ...(end !== undefined && page.length < rest.length && { nextPageToken: writeToken(keyOf(end)) }),
  };
}

/**
 * Where a page ended: a name, so that what is written or deleted meanwhile neither repeats nor
 * hides others.
 */
type Key = readonly [name: string, generation: number];

const keyOf = (entry: StoredObject | string): Key =>
  typeof entry === "string" ? [entry, 0] : [entry.name, entry.generation];

const isLater = ([name, generation]: Key, after: Key) =>
  name === after[0] ? generation > after[1] : before(after[0], name);

const writeToken = (key: Key) => Buffer.from(JSON.stringify(key)).toString("base64url");

function readToken(token: string): Key {
  try {
    const [name, generation] = JSON.parse(Buffer.from(token, "base64url").toString());
    if (typeof name === "string" && typeof generation === "number") return [name, generation];
  } catch {
    // The error is below.
  }
  throw invalid("Invalid pageToken");
}
