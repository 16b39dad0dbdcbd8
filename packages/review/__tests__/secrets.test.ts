import { shareable } from "../../../scripts/plan-files";
import type { Value } from "../src/change";
import { planReading } from "../src/plan";
import { review } from "../src/review";
import { isHidden, Secrets, shown } from "../src/secrets";
import { commentOf, plan } from "./support";

/** A value as it is shown, with what else the plan has. */
function hidden(value: Value, mask: Value, others: readonly [value: Value, mask: Value][] = []): Value {
  const secrets = new Secrets();
  for (const [other, marks] of [[value, mask] as const, ...others]) secrets.learn(other, marks);
  const [result] = secrets.hide([value], mask);
  return JSON.parse(shown(JSON.stringify(result)));
}

describe("a value that Terraform marks is hidden, of any type and at any place", () => {
  const secret = /4711|0815|543[23]|(first|second)-(line|user)/;

  test("in the comment, in JSON, and in what leaves the job", () => {
    const json = plan("sensitive-parts");
    expect(JSON.stringify(json.resource_changes)).toMatch(secret);
    expect(commentOf(json)).not.toMatch(secret);
    const inJson = JSON.stringify(review([planReading(json, "shop.json")]));
    // The marks of hidden values are random, and may hold any digits.
    expect(inJson.replace(/sensitive [0-9a-f]{64}/g, "")).not.toMatch(secret);
    const left = shareable(json);
    // Digests, and the ids that Terraform makes, may hold any digits.
    const text = JSON.stringify(left).replace(/sensitive [0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "");
    expect(text).not.toMatch(secret);
    expect(commentOf(left)).not.toMatch(/4711|0815|543[23]|(first|second)-(line|user)|[0-9a-f]{64}/);
  });

  test.each<[string, Value, Value, Value]>([
    ["a short text in a list", ["user", "1"], [false, true], ["user", "(sensitive)"]],
    ["a number", { port: 22 }, { port: true }, { port: "(sensitive)" }],
    ["a boolean", { on: false }, { on: true }, { on: "(sensitive)" }],
    ["a whole map", { conf: { a: 1 } }, { conf: true }, { conf: "(sensitive)" }],
    ["an item of a map in a list", [{ a: [{ b: "x" }] }], [{ a: [{ b: true }] }], [{ a: [{ b: "(sensitive)" }] }]],
    ["nothing but what is marked", ["a", null, ""], [false, true, true], ["a", null, ""]],
  ])("%s", (_, value, mask, expected) => expect(hidden(value, mask)).toEqual(expected));

  test("also where only one side of a change marks it", () => {
    const secrets = new Secrets();
    const sides = secrets.hide([{ pin: "1" }, { pin: "2" }], { pin: false }, { pin: true });
    expect(sides.map(({ pin }) => isHidden(pin))).toEqual([true, true]);
  });
});

describe("a secret that stands where nothing is marked", () => {
  test("in the same resource is hidden at any length", () => {
    expect(hidden({ in: ["u", "12", 7], out: ["u", "12", 7, 12] }, { in: [false, true, true] })).toEqual({
      in: ["u", "(sensitive)", "(sensitive)"],
      out: ["u", "(sensitive)", "(sensitive)", "(sensitive)"],
    });
  });

  test("in another one is hidden from six characters on, and a short one is not", () => {
    const others: [Value, Value][] = [
      [
        ["12", "hunter2", 123456],
        [true, true, true],
      ],
    ];
    expect(hidden({ a: "12", b: "it is hunter2!", c: 123456, d: "a123456" }, {}, others)).toEqual({
      a: "12",
      b: "it is (sensitive)!",
      c: "(sensitive)",
      d: "a(sensitive)",
    });
  });

  const multiline = 'line "one" <1>\nline two & so\n';
  test.each([
    ["a text", `x ${multiline} y`],
    ["an indented text", `  key: |\n    line "one" <1>\n    line two & so`],
    ["JSON", JSON.stringify({ key: multiline })],
    ["Terraform's JSON", '{"key":"line \\"one\\" \\u003c1\\u003e\\nline two \\u0026 so\\n"}'],
    ["a URL", `https://h/?key=${encodeURIComponent('line "one" <1>')}`],
    ["a name", { [`key of ${multiline}`]: 1 }],
  ])("of several lines in %s", (_, value) => {
    expect(JSON.stringify(hidden(value, false, [[multiline, true]]))).not.toMatch(/line|one|two/);
  });

  test("in addresses, forced paths, ids and outputs", () => {
    const json: Record<string, Value> = structuredClone(plan("replace"));
    const [resource] = json.resource_changes;
    Object.assign(resource, { address: 'terraform_data.a["hunter-22"]', previous_address: "terraform_data.hunter-22" });
    Object.assign(resource.change, {
      importing: { id: "projects/hunter-22" },
      replace_paths: [["triggers_replace"], ["input", "hunter-22"]],
      after_sensitive: { input: true },
    });
    resource.change.after.input = "hunter-22";
    json.output_changes = {
      url: { actions: ["update"], before: "a", after: "https://hunter-22", after_unknown: false },
    };
    const text = commentOf(json);
    expect(text).not.toContain("hunter-22");
    expect(text).toContain('- `terraform_data.a["(sensitive)"]` is deleted and created again.');
    expect(text).toContain("imported by `projects/(sensitive)`");
    expect(text).toContain("  - `value`: `a` → (sensitive)\n");
  });

  test("in lines of a text: the others are shown", () => {
    const json: Record<string, Value> = structuredClone(plan("workflow-source"));
    json.configuration.root_module.variables = { key: { sensitive: true } };
    json.variables = { key: { value: "return: 2" } };
    expect(commentOf(json)).toContain("    -         return: 1\n    + (sensitive)\n");
  });
});

describe("an unmarked credential is hidden", () => {
  test("in the headers of a schedule, of Google's own making too", () => {
    const text = commentOf(plan("schedule-headers"));
    expect(text).not.toMatch(/injected-by-google|key-of-somebody/);
    expect(text).toContain("`http_target.headers.Authorization`: (sensitive) → removed");
    expect(text).toContain("`http_target.headers.X-Api-Key`: (sensitive) → removed");
    expect(JSON.stringify(shareable(plan("schedule-headers")))).not.toMatch(/injected-by-google|key-of-somebody/);
  });

  test.each<[string, Value, Value]>([
    ["a header of any case", { authorization: "abc" }, { authorization: "(sensitive)" }],
    ["a cookie", { headers: { Cookie: "a=b", Accept: "*/*" } }, { headers: { Cookie: "(sensitive)", Accept: "*/*" } }],
    ["a bearer token", { note: "Bearer abc.def-ghi" }, { note: "(sensitive)" }],
    [
      "a private key in a text",
      "a: -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nb",
      "a: (sensitive)\nb",
    ],
    ["a JWT", "x eyJhbGciOiJSUzI1.eyJzdWIiOiIxMjM0.sig-nature y", "x (sensitive) y"],
    [
      "the name of a secret is none",
      { secret_id: "model-key", oidc_token: { audience: "a" } },
      {
        secret_id: "model-key",
        oidc_token: { audience: "a" },
      },
    ],
  ])("%s", (_, value, expected) => expect(hidden(value, false)).toEqual(expected));
});
