/** Where the page is: `#/<stack>/<view>/<rest>`. */
export interface Route {
  readonly stack?: string;
  readonly view: View;
  /** What of the view: an item's id, a bucket and a folder, … */
  readonly rest: readonly string[];
}

export const VIEWS = ["map", "items", "activity", "dead-letters", "buckets", "executions", "logs", "do"] as const;
export type View = (typeof VIEWS)[number];

export function readRoute(hash: string): Route {
  const [stack, view, ...rest] = hash
    .replace(/^#\/?/, "")
    .split("/")
    .map((part) => decoded(part));
  const known = VIEWS.find((each) => each === view);
  return { ...(stack && { stack }), view: known ?? "map", rest: known ? rest.filter((part) => part !== "") : [] };
}

export function hrefOf(stack: string, view: View, ...rest: readonly string[]): string {
  return `#/${[stack, view, ...rest].map(encodeURIComponent).join("/")}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
