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

const WORKER = `import * as v from "valibot";
import { taskVariables } from "cdktf-serverless-ml/functions/shared/environment";
import { connect } from "cdktf-serverless-ml/functions/shared/services";
import { start } from "cdktf-serverless-ml/functions/shared/start";
import { taskHandler } from "cdktf-serverless-ml/functions/shared/task-handler";

export const handler = start(v.object(taskVariables), (environment) =>
  taskHandler({
    environment,
    services: connect("shout", environment),
    schema: v.object({ text: v.string() }),
    handle: async ({ text }, { id }) => ({ id, text: text.toUpperCase() }),
  }),
);
`;

describe("the package in another project", () => {
  const project = temporaryFolder("another project");

  beforeAll(() => {
    linkPackages(project);
    const [{ filename }] = JSON.parse(run("npm", ["pack", "--silent", "--json", "--pack-destination", project], ROOT));
    run("tar", ["-xzf", filename], project);
    run("mv", ["package", join("node_modules", "cdktf-serverless-ml")], project);
    const compilerOptions = JSON.parse(readFileSync(join(ROOT, "tsconfig.json"), "utf8")).compilerOptions;
    const tsconfig = { compilerOptions: { ...compilerOptions, noEmit: false, outDir: "out" }, include: ["*.ts"] };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify(tsconfig));
    writeFileSync(join(project, "main.ts"), PROGRAM);
    writeFileSync(join(project, "worker.ts"), WORKER);
    run("node", ["node_modules/typescript/bin/tsc", "-p", "."], project);
  });

  it("gives a pattern in ten lines", () => {
    expect(PROGRAM.trim().split("\n").length).toBeLessThanOrEqual(10);
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

  it("wraps a worker of one's own, which bundles", () => {
    const bundle = `const { FunctionSource } = require("cdktf-serverless-ml");
      const { bytes, entryPoint } = FunctionSource.typescript("worker.ts").archive();
      const { "index.js": code } = require("fflate").unzipSync(bytes);
      process.stdout.write(JSON.stringify({ size: code.length, entryPoint }));`;
    const { size, entryPoint } = JSON.parse(run("node", ["-e", bundle], project));
    expect(entryPoint).toBe("handler");
    expect(size).toBeGreaterThan(100_000);
    expect(size).toBeLessThan(400_000);
  });
});
