import type { Json } from "../src/change";
import { comment, LONGEST_COMMENT } from "../src/markdown/comment";
import { code, fenced, row } from "../src/markdown/text";
import { planReading } from "../src/plan";
import { review } from "../src/review";
import { commentOf, plan } from "./support";

/** As many resources as wanted of each action, in the format of `terraform show -json`. */
function big(counts: Record<string, number>, name = "shop"): Json {
  const resource_changes = Object.entries(counts).flatMap(([action, count]) =>
    Array.from({ length: count }, (_, index) => ({
      address: `google_pubsub_topic.${action}_${index}`,
      mode: "managed",
      type: "google_pubsub_topic",
      name: `${action}_${index}`,
      change: {
        actions: [action],
        before: action === "create" ? null : { name: `${name}-${action}-${index}`, labels: { a: "1" } },
        after: action === "delete" ? null : { name: `${name}-${action}-${index}`, labels: { a: "2" } },
        after_unknown: {},
      },
    })),
  );
  return { format_version: "1.2", resource_changes };
}

describe("a comment that would be too long", () => {
  const drawings = new Map([["shop", "flowchart LR\n  a --> b"]]);
  const of = (counts: Record<string, number>) => comment(review([planReading(big(counts), "shop.json")]), { drawings });

  test("loses the drawing first, then creates, from the end", () => {
    const text = of({ create: 2000 });
    expect(text.length).toBeLessThanOrEqual(LONGEST_COMMENT);
    expect(text.length).toBeGreaterThan(LONGEST_COMMENT - 400);
    expect(text).toContain("- `google_pubsub_topic.create_0`\n");
    expect(text).toMatch(/_\d+ entries of `created` left out: a comment has at most 65,536 characters._/);
    expect(text).toMatch(/_1 entry of `wiring` left out: a comment has at most 65,536 characters._\n$/);
    expect(text.match(/<details>/g)?.length).toBe(text.match(/<\/details>/g)?.length);
  });

  test("keeps the hazards before anything else", () => {
    const text = of({ delete: 40, update: 3000, create: 10 });
    expect(text.length).toBeLessThanOrEqual(LONGEST_COMMENT);
    expect(text.match(/ is deleted, and with it/g)).toHaveLength(40);
    expect(text).toMatch(/_\d+ entries of `Changed settings` left out/);
    expect(text).toContain("_10 entries of `created` left out");
  });

  test("5,000 changes fit", () => {
    const text = of({ delete: 2500, create: 2500 });
    expect(text.length).toBeLessThanOrEqual(LONGEST_COMMENT);
    expect(text).toContain("2500 deleted, 2500 created; 2500 of them hold data.");
    expect(text).toMatch(/_\d+ entries of `Hazards` left out/);
  });

  test("one that fits is whole", () => {
    expect(of({ create: 20 })).toContain("```mermaid\nflowchart LR\n  a --> b\n```");
    expect(of({ create: 20 })).not.toContain("left out");
  });
});

describe("values do not break out of their place", () => {
  test.each([
    ["plain", "`plain`"],
    ["a`b", "``a`b``"],
    ["`a``", "``` `a`` ```"],
    ["two\nlines\u2028\u0007", "`two\\nlines\\u2028\\u0007`"],
    ["<img> @all [a](b)", "`<img> @all [a](b)`"],
  ])("%j", (text, expected) => expect(code(text)).toBe(expected));

  test("bars in a table", () => expect(row("a|b", code("c|d"))).toBe("| a\\|b | `c\\|d` |"));

  test("fences in a block", () => {
    expect(fenced("diff", ["- ```", "+ ````"])).toEqual(["`````diff", "- ```", "+ ````", "`````"]);
  });

  test("long values are cut, and say how long they are", () => {
    const json = structuredClone(plan("update"));
    json.resource_changes[0].change.after.input.colour = "x".repeat(1000);
    expect(commentOf(json)).toContain(`\`${"x".repeat(200)}… (1000 characters)\``);
  });

  test("the name of a stack is no Markdown", () => {
    const readings = ["a", "<b> @all"].map((name) => planReading(big({ create: 1 }), `${name}.json`));
    expect(comment(review(readings))).toContain("- `google_pubsub_topic.create_0` (-b---all)\n");
  });
});
