import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { copyProject, hashes, removeFolders, run, STACK_NAMES, temporaryFolder } from "./project-copy";

const CLI = ["node_modules/cdktf-cli/bundle/bin/cdktf.js", "synth", "--output", "cli.out"];
const SYNTH = ["scripts/ts.mjs", "scripts/synth.ts"];

afterAll(removeFolders);

describe("synthesis", () => {
  const here = temporaryFolder("here");
  const there = temporaryFolder("a folder with blanks");

  beforeAll(() => {
    copyProject(here);
    copyProject(there);
    run("node", SYNTH, here, { TZ: "Pacific/Auckland", LC_ALL: "C" });
    run("node", SYNTH, there, { TZ: "Asia/Tokyo", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" });
  });

  test("writes the JSON of all stacks", () => {
    expect(readdirSync(join(here, "cdktf.out/stacks")).sort()).toEqual(STACK_NAMES);
    for (const stack of STACK_NAMES)
      expect(existsSync(join(here, "cdktf.out/stacks", stack, "cdk.tf.json"))).toBe(true);
  });

  test("gives the same bytes in every folder, time zone and locale, whenever the files were touched", () => {
    const files = hashes(join(here, "cdktf.out"));
    expect(Object.keys(files).length).toBeGreaterThan(20);
    expect(hashes(join(there, "cdktf.out"))).toEqual(files);
  });

  test("gives the same bytes by cdktf's own command line, from the cache of bundles", () => {
    run("node", CLI, here);
    expect(hashes(join(here, "cli.out", "stacks"))).toEqual(hashes(join(here, "cdktf.out", "stacks")));
    expect(readFileSync(join(here, "cli.out", "manifest.json"))).toEqual(
      readFileSync(join(here, "cdktf.out", "manifest.json")),
    );
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
