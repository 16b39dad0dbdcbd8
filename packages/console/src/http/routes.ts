import { act } from "../actions";
import type { ItemKind, ItemState, StackList } from "../api-types";
import { HttpError, Invalid, NotFound } from "../errors";
import { deadLettersOf } from "../model/dead-letters";
import { ITEMS_IN_FULL } from "../model/recording";
import type { ItemQuery, StackSession } from "../model/session";
import { bucketsOf, executionsOf, objectDetail, objectOf, objectsOf } from "../model/views";
import type { Answer, Asked, Bytes } from "./answer";

/** The stacks that the console shows. */
export interface Stacks {
  list(): StackList["stacks"];
  /** @throws NotFound, Refused for one that does not run */
  session(name: string): StackSession;
}

type Route = (session: StackSession, rest: readonly string[], asked: Asked) => Answer | Bytes | Promise<Answer>;

const MOST_ITEMS = 1_000;
const KINDS: readonly ItemKind[] = ["request", "task", "message", "delivery", "execution", "object", "schedule", "job"];
const STATES: readonly ItemState[] = ["waiting", "running", "done", "failed", "retrying", "dead-lettered"];

/** By what follows the stack's name, and how many parts follow that. */
const GETS: Readonly<Record<string, Route>> = {
  "": (session) => ({ json: session.detail() }),
  state: (session) => ({ json: session.state() }),
  "resources/1": (session, [address = ""]) => ({ json: session.resource(address) }),
  items: (session, _, { url }) => ({ json: session.items(itemQuery(url.searchParams)) }),
  "items/1": (session, [id = ""]) => ({ json: session.item(id) }),
  "calls/1": (session, [call]) => ({ json: session.callDetail(numberOf(call, "call")) }),
  buckets: ({ opened }) => ({ json: bucketsOf(opened.running) }),
  "buckets/1": ({ opened }, [bucket = ""], { url }) => ({
    json: objectsOf(opened.running, bucket, url.searchParams.get("prefix") ?? ""),
  }),
  "buckets/3": ({ opened }, [bucket = "", collection, name = ""], { url }) => {
    if (collection !== "objects") throw new NotFound(`There is no ${collection}; allowed: objects`);
    const object = objectOf(opened.running, bucket, name);
    if (url.searchParams.get("download") !== "true") return { json: objectDetail(object) };
    return { bytes: object.content, name: object.name.split("/").at(-1) ?? object.name };
  },
  "dead-letters": ({ opened }) => ({ json: deadLettersOf(opened.running) }),
  executions: ({ opened }) => ({ json: executionsOf(opened.running) }),
};

/** Answers for everything below /api but the events. */
export function routes(stacks: Stacks): (asked: Asked) => Promise<Answer | Bytes> {
  return async (asked) => {
    const { method, url, body } = asked;
    const [, , collection, stack, ...rest] = url.pathname.split("/").map(decoded);
    if (collection !== "stacks") throw new NotFound(`There is no ${url.pathname}; docs/console.md has the routes`);
    if (stack === undefined) {
      requireMethod(method, "GET");
      return { json: { stacks: stacks.list(), itemsInFull: ITEMS_IN_FULL } satisfies StackList };
    }
    const [what = "", ...more] = rest;
    if (what === "actions" && more.length === 1) {
      requireMethod(method, "POST");
      return { json: await act(stacks.session(stack), more[0] as string, body) };
    }
    const route = GETS[more.length === 0 ? what : `${what}/${more.length}`];
    if (!route) throw new NotFound(`There is no ${url.pathname}; docs/console.md has the routes`);
    requireMethod(method, "GET");
    return route(stacks.session(stack), more, asked);
  };
}

function itemQuery(query: URLSearchParams): ItemQuery {
  const kind = oneOf(query, "kind", KINDS);
  const state = oneOf(query, "state", STATES);
  const limit = query.has("limit") ? numberOf(query.get("limit") ?? "", "limit", MOST_ITEMS) : 100;
  return {
    ...(query.get("q") && { q: query.get("q") as string }),
    ...(kind && { kind }),
    ...(state && { state }),
    root: query.get("root") === "true",
    limit,
    ...(query.get("before") && { before: query.get("before") as string }),
  };
}

function oneOf<T extends string>(query: URLSearchParams, name: string, allowed: readonly T[]): T | undefined {
  const given = query.get(name);
  if (given === null || given === "") return undefined;
  if (!allowed.includes(given as T)) throw new Invalid(`${name}: given ${given}; allowed: ${allowed.join(", ")}`);
  return given as T;
}

function numberOf(text: string | undefined, name: string, most = Number.MAX_SAFE_INTEGER): number {
  const value = /^\d{1,15}$/.test(text ?? "") ? Number(text) : 0;
  if (value < 1 || value > most) throw new Invalid(`${name}: given ${text}; allowed: 1 to ${most}`);
  return value;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Invalid(`${part} is not percent-encoded`);
  }
}

function requireMethod(given: string, allowed: string): void {
  if (given !== allowed) throw new HttpError(405, "method-not-allowed", `Given ${given}; allowed: ${allowed}`);
}
