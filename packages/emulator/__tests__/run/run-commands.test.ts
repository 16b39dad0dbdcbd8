import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StackResource } from "@cdktf-serverless-ml/terraform-json";
import { readRunFile, readRunFlags } from "../../src/run/read-run-commands";
import { RunCommandError, RunCommands } from "../../src/run/run-commands";

const IMAGE = "us-docker.pkg.dev/acme/ml/ocr:1";
const resource = (type: string, id: string, attributes: object): StackResource =>
  ({ address: `google_cloud_run_v2_${type}.${id}`, type: `google_cloud_run_v2_${type}`, attributes }) as StackResource;
const STACK = {
  name: "shop",
  resources: [
    resource("service", "ocr", { name: "shop-ocr-dev", template: { containers: [{ image: IMAGE }] } }),
    resource("service", "ocr_fast", { name: "shop-ocr-fast-dev", template: [{ containers: { image: IMAGE } }] }),
    resource("job", "train", { name: "train", template: { template: { containers: [{ image: "gcr.io/p/train" }] } } }),
    resource("worker_pool", "embed", { name: "shop-embed-dev", template: { containers: [{ image: "gcr.io/p/e" }] } }),
    { ...resource("x", "f", { environment_variables: { JOB: '{"image":"gcr.io/p/vertex"}' } }), type: "f" },
  ],
};
const commands = (run: Record<string, string>) => new RunCommands(STACK, run);
const [OCR, FAST, TRAIN, EMBED] = STACK.resources.map(({ address, attributes: { name } }) => ({ address, name }));

test.each([
  ["shop-ocr-dev", OCR],
  ["ocr-dev", OCR],
  ["shop-ocr", OCR],
  ["ocr", OCR],
  ["ocr-fast", FAST],
  ["google_cloud_run_v2_service.ocr_fast", FAST],
  ["train", TRAIN],
  ["embed", EMBED],
  ["fast", FAST],
])("%s names one target", (key, target) => {
  const made = commands({ [key]: "python3 main.py" });
  expect(() => made.check()).not.toThrow();
  for (const each of [OCR, FAST, TRAIN, EMBED]) {
    expect(made.commandFor(each ?? {})).toBe(each === target ? "python3 main.py" : undefined);
  }
});

test("an image stands for all that run it, also where no resource does", () => {
  const made = commands({ [IMAGE]: "one", "gcr.io/p/vertex": "two" });
  expect(() => made.check()).not.toThrow();
  expect(made.commandFor({ ...OCR, image: IMAGE })).toBe("one");
  expect(made.commandFor({ ...FAST, image: IMAGE })).toBe("one");
  expect(made.commandFor({ image: "gcr.io/p/vertex" })).toBe("two");
  expect(made.commandFor({ image: "gcr.io/p/other" })).toBeUndefined();
});

test("a name that is nothing's, and one of several, are errors, all at once", () => {
  const resources = [...STACK.resources, resource("job", "ocr", { name: "ocr-dev2" })];
  const made = new RunCommands({ ...STACK, resources }, { okr: "x", ocr: "y", "gcr.io/p/lost": "z" });
  const all = "shop-ocr-dev, shop-ocr-fast-dev, train, shop-embed-dev, ocr-dev2, their addresses or images";
  expect(() => made.check()).toThrow(
    new RunCommandError(
      [
        `Given --run okr; allowed: ${all}`,
        "Given --run ocr, which is shop-ocr-dev or ocr-dev2; allowed: one of them",
        `Given --run gcr.io/p/lost; allowed: ${all}`,
      ].join("\n"),
    ),
  );
  expect(() => new RunCommands({ name: "s", resources: [] }, { x: "y" }).check()).toThrow(
    new RunCommandError("Given --run x; allowed: nothing, as the stack runs no container"),
  );
});

test("flags: the name ends at the first equals sign", () => {
  expect(readRunFlags(["a=python3 -c 'x=1'", `${IMAGE}=b`])).toEqual({ a: "python3 -c 'x=1'", [IMAGE]: "b" });
  for (const bad of ["a", "=b", "a= "]) {
    const message = `Given --run ${JSON.stringify(bad)}; allowed: --run <name>=<command>`;
    expect(() => readRunFlags([bad])).toThrow(new RunCommandError(message));
  }
  expect(() => readRunFlags(["a=b", "a=c"])).toThrow(new RunCommandError("Given --run a twice; allowed: once"));
});

test("local.json serves several stacks, and is checked", () => {
  const folder = mkdtempSync(join(tmpdir(), "local-json-"));
  const file = join(folder, "local.json");
  const read = (content: string) => {
    writeFileSync(file, content);
    return readRunFile(file, commands({}));
  };
  expect(readRunFile(join(folder, "none.json"), commands({}))).toEqual({});
  expect(read('{ "run": { "ocr": "a", "of-another-stack": "b" } }')).toEqual({ ocr: "a" });
  expect(read("{}")).toEqual({});
  expect(() => read("{")).toThrow(/local\.json is not JSON/);
  for (const [bad, given] of [
    ['{ "run": ["a"] }', '["a"] as "run"'],
    ['{ "run": { "ocr": 1 } }', '1 as the command of "ocr"'],
    ['{ "run": { "ocr": " " } }', '" " as the command of "ocr"'],
    ['{ "runs": {} }', 'the key "runs"'],
    ['{ "run": "x" }', '"x" as "run"'],
  ] as const) {
    const message = `${file}: given ${given}; allowed: { "run": { "<name>": "<command>" } }`;
    expect(() => read(bad)).toThrow(new RunCommandError(message));
  }
  rmSync(folder, { recursive: true });
});
