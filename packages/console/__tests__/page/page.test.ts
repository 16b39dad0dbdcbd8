import { alarmsOf, badgeOf } from "../../page/badge";
import { lineOf, placeFamily } from "../../page/family";
import { account, bytes, clockTime, counted, duration, isFailure, shortCount, shortMethod } from "../../page/format";
import { Ring } from "../../page/ring";
import { hrefOf, readRoute } from "../../page/route";
import type { ItemLine } from "../../src/api-types";

describe("what the page shows of numbers and names", () => {
  test.each([
    [0, "0 ms"],
    [3.42, "3.4 ms"],
    [999, "999 ms"],
    [1_000, "1.0 s"],
    [59_000, "59 s"],
    [90_000, "1.5 min"],
    [7_200_000, "2.0 h"],
    [259_200_000, "3.0 d"],
  ])("%d ms is %s", (milliseconds, text) => expect(duration(milliseconds)).toBe(text));

  test.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [123_456, "121 KiB"],
    [1024 ** 3 * 2, "2.0 GiB"],
  ])("%d bytes are %s", (count, text) => expect(bytes(count)).toBe(text));

  test("counts are short where there is no room", () => {
    expect([999, 3_400, 12_345, 1_200_000].map(shortCount)).toEqual(["999", "3.4k", "12k", "1.2M"]);
    expect([counted(1, "item"), counted(2, "item"), counted(1_234, "entry", "entries")]).toEqual([
      "1 item",
      "2 items",
      "1,234 entries",
    ]);
  });

  test("a time that is none shows nothing", () => {
    expect(clockTime(Date.UTC(2026, 0, 2, 3, 4, 5, 6))).toBe("03:04:05.006");
    expect(clockTime(Number.NaN)).toBe("");
  });

  test("an API's answer that something is not there is no failure, a worker's is", () => {
    const failed = (status: number | undefined, isWorker: boolean) => isFailure({ status, isWorker });
    expect([404, 409, 412].map((status) => [failed(status, false), failed(status, true)])).toEqual(
      Array(3).fill([false, true]),
    );
    expect([0, 400, 403, 500].map((status) => failed(status, false))).toEqual(Array(4).fill(true));
    expect([failed(undefined, true), failed(204, true)]).toEqual([false, false]);
  });

  test("accounts and methods lose what is the same everywhere", () => {
    expect(account("train@acme.iam.gserviceaccount.com")).toBe("train");
    expect(account("")).toBe("nobody");
    expect(shortMethod("google.cloud.tasks.v2.CloudTasks/CreateTask")).toBe("CreateTask");
    expect(shortMethod("storage.objects.insert")).toBe("objects.insert");
    expect(shortMethod("POST")).toBe("POST");
  });
});

describe("routes", () => {
  test("any name comes back as it was", () => {
    const id = "queue a/b task ü %2F #1";
    expect(readRoute(hrefOf("my-stack", "items", id))).toEqual({ stack: "my-stack", view: "items", rest: [id] });
  });

  test("an unknown view is the map, and a broken escape is text", () => {
    expect(readRoute("#/stack/nothing/x")).toEqual({ stack: "stack", view: "map", rest: [] });
    expect(readRoute("#/stack/items/%E0%A4%A")).toEqual({ stack: "stack", view: "items", rest: ["%E0%A4%A"] });
    expect(readRoute("")).toEqual({ view: "map", rest: [] });
  });
});

describe("boxes of the map", () => {
  test("a busy worker says how many requests run, an idle one its instances", () => {
    expect(badgeOf("function", { instances: 3, underWay: 2, waiting: 1 })).toBe("2 running · 1 waiting");
    expect(badgeOf("function", { instances: 3, underWay: 0 })).toBe("3 idle");
    expect(badgeOf("function", { instances: 3, median: 499 })).toBe("3 idle");
    expect(badgeOf("function", { instances: 3, median: 2_300 })).toBe("3 idle · median 2.3 s");
  });

  test("a backlog of dead letters is an alarm, one of a subscription is not", () => {
    expect([badgeOf("dead-letter", { backlog: 2 }), alarmsOf("dead-letter", { backlog: 2 })]).toEqual([
      "2 dead letters",
      2,
    ]);
    expect([badgeOf("subscription", { backlog: 2 }), alarmsOf("subscription", { backlog: 2 })]).toEqual([
      "backlog 2",
      0,
    ]);
    expect(alarmsOf("function", { denied: 1, errors: 2 })).toBe(3);
  });
});

describe("a flow as a graph", () => {
  const item = (id: string, parent?: string) => ({ id, parent }) as ItemLine;

  test("children stand below each other, the first one beside its parent", () => {
    const { placed, edges, columns, rows } = placeFamily([
      item("run"),
      item("a", "run"),
      item("b", "run"),
      item("a1", "a"),
      item("a2", "a"),
    ]);
    expect(Object.fromEntries(placed.map(({ item: { id }, column, row }) => [id, [column, row]]))).toEqual({
      run: [0, 0],
      a: [1, 0],
      a1: [2, 0],
      a2: [2, 1],
      b: [1, 2],
    });
    expect(edges.map(([from, to]) => `${from.item.id} ${to.item.id}`)).toEqual(["run a", "a a1", "a a2", "run b"]);
    expect([columns, rows]).toEqual([3, 3]);
  });

  test("of many items, an item's ancestors and descendants are left", () => {
    const many = [
      item("run"),
      ...Array.from({ length: 40 }, (_, index) => item(`step ${index}`, "run")),
      item("child", "step 7"),
      item("grandchild", "child"),
    ];
    expect(lineOf(many, "step 7").map(({ id }) => id)).toEqual(["run", "step 7", "child", "grandchild"]);
    expect(lineOf(many, "step 7", 100)).toBe(many);
  });

  test("an item whose parent is not among them begins a row, and long chains are placed", () => {
    const chain = Array.from({ length: 20_000 }, (_, index) => item(`i${index}`, `i${index - 1}`));
    expect(placeFamily(chain)).toMatchObject({ columns: 20_000, rows: 1 });
    expect(placeFamily([item("x", "gone")]).placed).toMatchObject([{ column: 0, row: 0 }]);
  });
});

describe("a ring", () => {
  test("keeps the newest", () => {
    const ring = new Ring<number>(3);
    for (let value = 1; value <= 10; value++) ring.push(value);
    expect([ring.newest(0), ring.newest(1), ring.newest(2)]).toEqual([10, 9, 8]);
    expect(ring.length).toBe(3);
  });

  test("replaces the newest value that fits", () => {
    const ring = new Ring<{ id: number; state: string }>(10);
    ring.push({ id: 1, state: "open" });
    ring.push({ id: 2, state: "open" });
    expect(ring.replace(({ id }) => id === 1, { id: 1, state: "done" })).toBe(true);
    expect(ring.replace(({ id }) => id === 3, { id: 3, state: "done" })).toBe(false);
    expect([ring.newest(0), ring.newest(1)]).toEqual([
      { id: 2, state: "open" },
      { id: 1, state: "done" },
    ]);
  });
});
