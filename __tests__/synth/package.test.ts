import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { linkPackages, ROOT, removeFolders, run, temporaryFolder } from "./project-copy";

afterAll(removeFolders);

const PROGRAM = `import { App } from "cdktf";
import { AsyncBatch, GoogleStack, PredictionEndpoint, synthesize } from "cdktf-serverless-ml";

const app = new App();
const stack = new GoogleStack(app, "scores", { project: "acme-ml", region: "europe-west1" });
const endpoint = new PredictionEndpoint(stack, "endpoint", "1234567890");
new AsyncBatch(stack, "batch", { endpoint });
synthesize(app);
`;

describe("the package", () => {
  it("gives another project a pattern in ten lines, with types", () => {
    const project = temporaryFolder("another project");
    linkPackages(project);
    const [{ filename }] = JSON.parse(run("npm", ["pack", "--silent", "--json", "--pack-destination", project], ROOT));
    run("tar", ["-xzf", filename], project);
    run("mv", ["package", join("node_modules", "cdktf-serverless-ml")], project);
    writeFileSync(join(project, "main.ts"), PROGRAM);
    writeFileSync(
      join(project, "tsconfig.json"),
      readFileSync(join(ROOT, "tsconfig.json"), "utf8")
        .replace('"noEmit": true', '"outDir": "out"')
        .replace(/"include": .*/, '"include": ["main.ts"]'),
    );

    expect(PROGRAM.trim().split("\n").length).toBeLessThanOrEqual(10);
    run("node", ["node_modules/typescript/bin/tsc", "-p", "."], project);
    run("node", ["out/main.js"], project);
    const json = JSON.parse(readFileSync(join(project, "cdktf.out/stacks/scores/cdk.tf.json"), "utf8"));
    expect(Object.keys(json.resource.google_cloudfunctions2_function)).toHaveLength(2);
    expect(Object.values(json.resource.google_cloud_tasks_queue)).toEqual([
      expect.objectContaining({ name: "scores-batch-queue-dev" }),
    ]);
    for (const { source } of Object.values<{ source: string }>(json.resource.google_storage_bucket_object)) {
      expect(existsSync(join(project, "cdktf.out/stacks/scores", source))).toBe(true);
    }
  });
});
