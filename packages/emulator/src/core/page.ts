import { ApiError } from "./api-error";
import { isUnset, readText } from "./values";

export interface PageRequest {
  readonly pageSize?: unknown;
  readonly pageToken?: unknown;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken?: string;
}

/**
 * One page of a list. Its token is the id of the last item of the page before.
 *
 * @param size `most` items a page, also if more are asked for; `usual` where the request has none
 *   or 0
 * @throws ApiError INVALID_ARGUMENT
 */
export function pageOf<T>(
  all: readonly T[],
  { pageSize, pageToken }: PageRequest,
  idOf: (item: T) => string,
  { usual, most = usual }: { usual: number; most?: number },
): Page<T> {
  const asked = isUnset(pageSize) ? 0 : Number(pageSize);
  if (!Number.isInteger(asked) || asked < 0)
    throw new ApiError("INVALID_ARGUMENT", `pageSize ${pageSize}; allowed: 0 or more`);
  const token = readText(pageToken, "pageToken");
  const from = token === "" ? 0 : all.findIndex((item) => idOf(item) === token) + 1;
  if (token !== "" && from === 0) throw new ApiError("INVALID_ARGUMENT", "Invalid page token");
  const items = all.slice(from, from + Math.min(asked || usual, most));
  const last = items.at(-1);
  return { items, ...(last && from + items.length < all.length && { nextPageToken: idOf(last) }) };
}
