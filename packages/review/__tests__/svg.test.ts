import { synthesized } from "../../../__tests__/support/synthesized";
import { ROOT, STACK_NAMES } from "../../../__tests__/synth/project-copy";
import { evaluateStack, readStack, type Stack } from "../../terraform-json/src";
import { mermaid, overview, svg, wiring } from "../src/diagram";
import { labelLines, nameLines } from "../src/diagram/labels";
import type { Arrow, Box, Kind } from "../src/diagram/model";
import { essence } from "../src/diagram/overview";
import { onOutline, type Point, shapeOf } from "../src/diagram/shapes";
import { PALE_INK, THEME } from "../src/diagram/theme";

const stacks = synthesized();
afterAll(() => stacks.remove());

const stackOf = (name: string) => readStack(stacks.stack(name));
const KINDS = Object.keys(THEME) as Kind[];

/** The texts of a drawing, in their order; lines of one label follow each other. */
const textsOf = (drawing: string) => [...drawing.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);

/** Tags that are opened and not closed, or the other way round. */
function unbalanced(drawing: string): string[] {
  const open: string[] = [];
  for (const [tag, closing, name = "", empty] of drawing.matchAll(/<(\/?)([a-z]+)\b[^<>]*?(\/?)>/g)) {
    if (closing && open.pop() !== name) return [tag];
    if (!closing && !empty) open.push(name);
  }
  return open;
}

describe("a drawing", () => {
  test.each(STACK_NAMES)("of %s has the boxes, arrows and labels of its wiring", async (name) => {
    const stack = stackOf(name);
    const { boxes, arrows } = wiring(stack);
    const drawing = await svg(stack);
    const label = ({ label: [title = "", ...details] }: Box) => [...nameLines(title), ...details];
    expect(textsOf(drawing)).toEqual([
      ...boxes.flatMap(label),
      ...arrows.flatMap(({ labels }) => labels.flatMap(labelLines)),
    ]);
    const drawn = (arrow: (each: Arrow) => boolean) => arrows.filter(arrow).length;
    expect(drawing.match(/fill="none"/g)).toHaveLength(arrows.length);
    expect(drawing.match(/stroke-dasharray/g) ?? []).toHaveLength(drawn(({ delivered }) => delivered));
    expect(unbalanced(drawing)).toEqual([]);
  });

  test("fits into its frame", async () => {
    const drawing = await svg(stackOf("pubsub-fanout"));
    const [x = 0, y = 0, width = 0, height = 0] = /viewBox="([^"]*)"/.exec(drawing)?.[1]?.split(" ").map(Number) ?? [];
    const paths = [...drawing.matchAll(/ d="([^"]*)"/g)].map(([, path = ""]) =>
      [...path.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)]
        .map(([, px, py]): Point => [Number(px), Number(py)])
        // Of a curve, each third point lies on it.
        .filter((_, index) => !path.includes("C") || index % 3 === 0),
    );
    expect(paths.flat().length).toBeGreaterThan(400);
    for (const [px, py] of paths.flat()) {
      expect(px).toBeGreaterThan(x);
      expect(px).toBeLessThan(x + width);
      expect(py).toBeGreaterThan(y);
      expect(py).toBeLessThan(y + height);
    }
  });

  test("has an alternative text", async () => {
    const drawing = await svg(stackOf("scheduled-preprocessing"));
    expect(drawing).toContain('role="img"\n aria-labelledby="title description"');
    expect(drawing).toContain('<title id="title">Wiring of the stack scheduled-preprocessing</title>');
    const [, description] = /<desc id="description">(.*)<\/desc>/.exec(drawing) ?? [];
    expect(description?.split("; ")).toEqual([
      "queue → launcher: POST as dispatcher",
      "schedule-flowers → queue: creates a task as caller",
      "schedule → queue: creates a task as caller",
      "launcher → Dataflow job: launches as workers",
      "client → redrive: calls",
      "launcher → queue: enqueues",
      "redrive → queue: enqueues",
      "launcher → the whole project: scheduled_preprocessing_dataflow_follower_dev",
      "dead-letter topic → redrive: pulled by",
      "launcher → dead-letter topic: gives up",
      "client → input bucket: writes",
      "Dataflow job → input bucket: reads",
      "Dataflow job → input bucket: reads",
      "Dataflow job → output bucket: reads, writes",
      "Dataflow job → output bucket: reads, writes",
      "client → output bucket: reads",
      "launcher → temp bucket: reads, writes",
      "Dataflow job → temp bucket: reads, writes",
      "Dataflow job → temp bucket: reads, writes",
    ]);
  });

  test("begins with callers, and ends with boxes without outgoing arrows", async () => {
    const drawing = await svg(stackOf("task-pipeline"));
    const x = (name: string) => Number(new RegExp(`x="([\\d.]+)"[^>]*>${name}<`).exec(drawing)?.[1]);
    for (const begins of ["schedule", "client"]) expect(x(begins)).toBeLessThan(x("queue"));
    for (const name of ["queue", "start", "train"]) {
      for (const ends of ["runs bucket", "dead-letter topic"]) expect(x(name)).toBeLessThan(x(ends));
    }
  });

  test("of nothing has a text", async () => {
    const drawing = await svg(evaluateStack({ resource: {} }, { name: "empty", folder: ROOT }));
    expect(textsOf(drawing)).toEqual(["nothing here calls anything"]);
    expect(unbalanced(drawing)).toEqual([]);
  });

  test("takes any name", async () => {
    const name = 'x" /> <b>&amp;\\N\u0000\ud800</b>';
    const stack: Stack = evaluateStack(
      {
        resource: {
          google_storage_bucket: { b: { name } },
          google_pubsub_topic: { t: { name: "node" } },
          google_storage_notification: { n: { bucket: name, topic: "${google_pubsub_topic.t.id}" } },
        },
      },
      { name: "hostile <stack>", folder: ROOT },
    );
    const drawing = await svg(stack);
    expect(textsOf(drawing)).toEqual([
      "x&#34; /&#62; &#60;b&#62;&#38;amp;\\N\ufffd\ufffd&#60;/b&#62;",
      "bucket",
      "node topic",
      "every event",
    ]);
    expect(drawing).toContain('<title id="title">Wiring of the stack hostile &#60;stack&#62;</title>');
    expect(unbalanced(drawing)).toEqual([]);
  });

  test("is the same each time", async () => {
    const stack = stackOf("event-workflow");
    expect(await svg(stack)).toBe(await svg(stack));
  });
});

describe("the overview", () => {
  test("has no dead letters, nothing that puts them back and no labels, and joins functions with the same callers", async () => {
    const { boxes, arrows } = essence(wiring(stackOf("task-pipeline")));
    const names = new Map(boxes.map(({ key, label: [name] }) => [key, name]));
    expect([...names.values()]).toEqual([
      "schedule",
      "client",
      "queue",
      "infer, preprocess, train",
      "start",
      "runs bucket",
    ]);
    expect(arrows.map(({ from, to }) => `${names.get(from)} -> ${names.get(to)}`)).toEqual([
      "schedule -> queue",
      "queue -> infer, preprocess, train",
      "client -> start",
      "queue -> start",
      "infer, preprocess, train -> queue",
      "start -> queue",
      "client -> runs bucket",
      "infer, preprocess, train -> runs bucket",
      "start -> runs bucket",
    ]);
    const drawing = await overview([stackOf("task-pipeline"), stackOf("pubsub-fanout")]);
    const texts = textsOf(drawing);
    expect(texts.filter((text) => text === "task-pipeline" || text === "pubsub-fanout")).toEqual([
      "task-pipeline",
      "pubsub-fanout",
    ]);
    expect(texts.filter((text) => /letter|reads|POST/.test(text ?? ""))).toEqual([]);
    expect(unbalanced(drawing)).toEqual([]);
  });
});

describe("shapes", () => {
  const [width, height] = [120, 48];
  const around: Point[] = [-60, -35, 0, 35, 60].flatMap((x) =>
    [-24, -9, 0, 9, 24].map((y): Point => [x, y]).filter(([, y]) => Math.abs(x) === 60 || Math.abs(y) === 24),
  );

  test.each(KINDS)("an arrow to a %s ends on its outline", (kind) => {
    const shape = shapeOf(kind, width, height);
    for (const [x, y] of around) {
      const [ex, ey] = onOutline(shape, [x, y]);
      const off = Math.min(
        ...shape.outline.map((a, index) => {
          const b = shape.outline[(index + 1) % shape.outline.length] as Point;
          return distance([ex, ey], a, b);
        }),
      );
      expect([kind, x, y, off < 1e-6]).toEqual([kind, x, y, true]);
      // Not beyond the point and not behind the middle.
      expect(ex * x + ey * y).toBeGreaterThan(0);
      expect(Math.hypot(ex, ey)).toBeLessThanOrEqual(Math.hypot(x, y) + 1e-6);
      expect(Math.abs(ex * y - ey * x)).toBeLessThan(1e-6);
    }
  });

  test("stay within the box that Graphviz keeps free", () => {
    for (const kind of KINDS) {
      const { outline, lines } = shapeOf(kind, width, height);
      for (const [x, y] of [...outline, ...lines.flat()]) {
        expect([kind, Math.abs(x) <= 60 + 1e-9 && Math.abs(y) <= 24 + 1e-9]).toEqual([kind, true]);
      }
    }
  });

  function distance([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
    const length = (bx - ax) ** 2 + (by - ay) ** 2 || 1;
    const along = Math.min(1, Math.max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length));
    return Math.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay));
  }
});

describe("theme", () => {
  test("text is readable on white, as WCAG 2.2 wants it", () => {
    const strokes = [...new Set([...Object.values(THEME).map(({ stroke }) => stroke), PALE_INK])];
    for (const colour of strokes) expect([colour, contrastWithWhite(colour) >= 4.5]).toEqual([colour, true]);
  });

  test("Mermaid has the same colours", () => {
    const { fill, stroke } = THEME.queue;
    expect(mermaid(stackOf("async-batch"))).toContain(`classDef queue fill:${fill},stroke:${stroke},`);
  });

  /** Source: the definitions of relative luminance and contrast ratio in WCAG 2.2. */
  function contrastWithWhite(colour: string): number {
    const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
      const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05);
  }
});

describe("lines of labels", () => {
  test.each([
    ["queue", ["queue"]],
    ["image subscription", ["image subscription"]],
    ["start-workflow subscription", ["start-workflow", "subscription"]],
    ["audit-dead-letter topic", ["audit-dead-letter", "topic"]],
    ["services-pull-dead-letter topic", ["services-pull-", "dead-letter topic"]],
    ["data-uploaded-topic", ["data-uploaded-", "topic"]],
    ["averyveryverylongnamewithoutanyend", ["averyveryverylongnamewithoutanyend"]],
  ])("%s", (name, lines) => {
    expect(nameLines(name)).toEqual(lines);
  });

  test.each([
    ["enqueues", ["enqueues"]],
    ["POST as dispatcher", ["POST", "as dispatcher"]],
    ["creates a task as caller", ["creates a task", "as caller"]],
    ["after 5 deliveries", ["after 5", "deliveries"]],
    ["iam.serviceAccountTokenCreator", ["iam.serviceAccountTokenCreator"]],
  ])("%s", (label, lines) => {
    expect(labelLines(label)).toEqual(lines);
  });
});
