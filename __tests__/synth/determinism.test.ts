import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deepTest, inDepth } from "../support/deep";
import { synthesized } from "../support/synthesized";
import { copyProject, hashes, removeFolders, run, STACK_NAMES, temporaryFolder } from "./project-copy";

const CLI = ["node_modules/cdktf-cli/bundle/bin/cdktf.js", "synth", "--output", "cdktf.out"];
const SYNTH = ["scripts/ts.mjs", "scripts/synth.ts"];

afterAll(removeFolders);

describe("synthesis", () => {
  const here = synthesized();
  const there = temporaryFolder("a folder with blanks");
  afterAll(() => here.remove());

  beforeAll(() => {
    copyProject(there);
    // cdktf's own command line takes three times as long.
    run("node", inDepth(CLI, SYNTH), there, { TZ: "Asia/Tokyo", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" });
  });

  test("writes the JSON of all stacks", () => {
    expect(readdirSync(here.stack("")).sort()).toEqual(STACK_NAMES);
    for (const stack of STACK_NAMES) expect(existsSync(join(here.stack(stack), "cdk.tf.json"))).toBe(true);
  });

  test("gives the same bytes in another folder, time zone and locale, in depth by cdktf's own command line", () => {
    const files = hashes(here.stack(""));
    expect(Object.keys(files).length).toBeGreaterThan(10);
    expect(hashes(join(there, "cdktf.out", "stacks"))).toEqual(files);
    expect(readFileSync(join(there, "cdktf.out", "manifest.json"))).toEqual(
      readFileSync(join(here.stack(""), "..", "manifest.json")),
    );
  });

  deepTest("gives the same bytes from the cache of bundles, in a third time zone", () => {
    run("node", SYNTH, there, { TZ: "Pacific/Auckland", LC_ALL: "C", CDKTF_OUTDIR: "again.out" });
    expect(hashes(join(there, "again.out"))).toEqual(hashes(join(there, "cdktf.out")));
  });

  test("changes a function's object when its code changes, and nothing of the others", () => {
    const before = JSON.parse(readFileSync(join(there, "cdktf.out/stacks/async-batch/cdk.tf.json"), "utf8"));
    const file = join(there, "functions/batch-submitter/handler.ts");
    writeFileSync(file, `${readFileSync(file, "utf8")}\nexport const changed = Date.now;\nconsole.debug(changed);\n`);
    run("node", SYNTH, there);
    const after = JSON.parse(readFileSync(join(there, "cdktf.out/stacks/async-batch/cdk.tf.json"), "utf8"));
    const changed = Object.keys(before.resource.google_storage_bucket_object).filter(
      (id) =>
        before.resource.google_storage_bucket_object[id].name !== after.resource.google_storage_bucket_object[id].name,
    );
    expect(changed).toEqual([expect.stringMatching(/^function-sources_batch-submitter_/)]);
  });

  test("with bad settings reports them all, with exit code 1, and leaves no JSON of an earlier synthesis", () => {
    const bad = { GOOGLE_PROJECT: "No Project", GOOGLE_REGION: "moon", SCHEDULE: "sometimes" };
    expect(() => run("node", SYNTH, there, bad)).toThrow(
      expect.objectContaining({
        status: 1,
        stderr: expect.stringMatching(/project is "No Project" .*\n.*region is "moon" .*\n.*schedule is "sometimes"/),
      }),
    );
    expect(existsSync(join(there, "cdktf.out/manifest.json"))).toBe(false);
    for (const stack of STACK_NAMES)
      expect(existsSync(join(there, "cdktf.out/stacks", stack, "cdk.tf.json"))).toBe(false);
  });
});
