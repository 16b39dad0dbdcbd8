/** Headers that carry credentials. */
const HEADERS = new Set([
  "authorization",
  "cookie",
  "proxy-authorization",
  "set-cookie",
  "x-goog-api-key",
  "x-goog-authenticated-user-jwt",
  "x-goog-iam-authorization-token",
  "x-goog-iap-jwt-assertion",
  "x-serverless-authorization",
]);

/** Parameters of a query that carry credentials. */
const PARAMETERS = ["access_token", "id_token", "key", "oauth_token", "token", "upload_id"];

/** Headers, in lower case, without those that carry credentials. */
export function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (!HEADERS.has(lower)) kept[lower] = value;
  }
  return kept;
}

/** A path with its query, without parameters that carry credentials. */
export function pathWithoutCredentials(path: string): string {
  const [start = "", query] = path.split("?", 2);
  if (query === undefined) return path;
  const kept = new URLSearchParams(query);
  for (const name of PARAMETERS) kept.delete(name);
  return kept.size > 0 ? `${start}?${kept}` : start;
}
