import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { filesOf, readBlocks } from "../docs/markdown";
import { deepOnly } from "../support/deep";
import { linkPackages, ROOT, removeFolders, run, temporaryFolder, writeInto } from "./project-copy";

afterAll(removeFolders);

/** The app of docs/library.md. */
const PROGRAM = readBlocks("docs/library.md").find(({ language }) => language === "ts")?.text ?? "";

/** The files of docs/own-worker.md. */
const PAGE = filesOf([...readBlocks("docs/own-worker.md"), ...readBlocks("docs/local.md")]);
const WORKER = PAGE.get("functions/shout-worker/index.ts") as string;

const STRICT = { target: "ES2022", strict: true, skipLibCheck: true, types: ["node"] };

/** Projects that use the package, by their compiler options. */
const CONSUMERS: Readonly<Record<string, { options: Record<string, unknown>; type?: "module" }>> = {
  // What `cdktf init --template=typescript` writes: CommonJS, and so the resolution "node10".
  "cdktf-init": {
    options: JSON.parse(
      readFileSync(join(ROOT, "node_modules/cdktf-cli/bundle/templates/typescript/tsconfig.json"), "utf8"),
    ).compilerOptions,
  },
  node16: { options: { ...STRICT, module: "node16", moduleResolution: "node16" } },
  nodenext: { options: { ...STRICT, module: "nodenext", moduleResolution: "nodenext" }, type: "module" },
  bundler: { options: { ...STRICT, module: "preserve", moduleResolution: "bundler" } },
};

test("npm pack packs the library alone, into a file that git ignores", () => {
  const [{ filename, files }] = JSON.parse(
    run("npm", ["pack", "--silent", "--json", "--dry-run", "--ignore-scripts"], ROOT),
  );
  const others = files.filter(
    ({ path }: { path: string }) => !/^(dist|functions|pipelines|workers|workflows)\//.test(path),
  );
  expect(others.map(({ path }: { path: string }) => path).sort()).toEqual(["LICENSE", "README.md", "package.json"]);
  expect(files.some(({ path }: { path: string }) => path.includes("__tests__"))).toBe(false);
  expect(filename).toMatch(/\.tgz$/);
  expect(readFileSync(join(ROOT, ".gitignore"), "utf8")).toMatch(/^\*\.tgz$/m);
});

test("has its peers and what a worker imports in the versions that docs/own-worker.md installs", () => {
  const { dependencies, peerDependencies, devDependencies } = JSON.parse(
    readFileSync(join(ROOT, "package.json"), "utf8"),
  );
  const lines = readBlocks("docs/own-worker.md").flatMap(({ language, text }) => (language === "sh" ? [text] : []));
  const installed = Object.fromEntries(
    lines.flatMap((text) => [...text.matchAll(/ (@?[\w/-]+)@(\d[\d.]*)/g)].map(([, name, version]) => [name, version])),
  );
  // `cdktf init` itself installs cdktf and constructs.
  const { cdktf, constructs, ...peers } = peerDependencies;
  for (const name of [...Object.keys(peers), "typescript", "cdktf-cli"])
    expect([name, installed[name]]).toEqual([name, devDependencies[name]]);
  expect(installed.valibot).toBe(dependencies.valibot);
});

deepOnly(() => {
  describe("the package in another project", () => {
    const project = temporaryFolder("another project");

    beforeAll(() => {
      linkPackages(project);
      const [{ filename }] = JSON.parse(
        run("npm", ["pack", "--silent", "--json", "--pack-destination", project], ROOT),
      );
      run("tar", ["-xzf", filename], project);
      run("mv", ["package", join("node_modules", "cdktf-serverless-ml")], project);
      for (const [name, { options, type }] of Object.entries(CONSUMERS)) {
        mkdirSync(join(project, name));
        const tsconfig = { compilerOptions: { ...options, incremental: false, outDir: "out" }, include: ["*.ts"] };
        writeFileSync(join(project, name, "tsconfig.json"), JSON.stringify(tsconfig));
        writeFileSync(join(project, name, "package.json"), JSON.stringify({ name, private: true, type }));
        writeFileSync(join(project, name, "main.ts"), PROGRAM);
        writeFileSync(join(project, name, "worker.ts"), WORKER);
      }
    });

    // By ts-node the worker of docs/own-worker.md is compiled as in cdktf-init.
    test.each(Object.keys(CONSUMERS))("compiles with its types, docs/library.md's app and a worker: %s", (name) => {
      expect(PROGRAM).toContain('from "cdktf-serverless-ml"');
      run("node", ["../node_modules/typescript/bin/tsc", "-p", "."], join(project, name));
    });

    const PROGRAMS: readonly [string, readonly string[]][] = [
      ["node16", ["out/main.js"]],
      ["nodenext", ["out/main.js"]],
      ["cdktf-init", ["../node_modules/ts-node/dist/bin.js", "main.ts"]],
    ];
    test.each(PROGRAMS)("gives a pattern in ten lines: %s by %j", (name, command) => {
      expect(PROGRAM.trim().split("\n").length).toBeLessThanOrEqual(10);
      run("node", command, join(project, name));
      const folder = join(project, name, "cdktf.out/stacks/flowers");
      const json = JSON.parse(readFileSync(join(folder, "cdk.tf.json"), "utf8"));
      expect(Object.keys(json.resource.google_cloudfunctions2_function)).toHaveLength(3);
      expect(Object.values(json.resource.google_cloud_tasks_queue)).toEqual([
        expect.objectContaining({ name: "flowers-batch-queue-prod" }),
      ]);
      for (const { source } of Object.values<{ source: string }>(json.resource.google_storage_bucket_object)) {
        expect(existsSync(join(folder, source))).toBe(true);
      }
    });

    test.each([
      ["thrown where a value is made", "Duration.seconds(-1)", 1],
      [
        "found by synthesize",
        'new Bucket(stack, "a", { name: "No" }); new Topic(stack, "b", { name: "x" }); synthesize(app)',
        2,
      ],
    ])("prints errors that nobody catches in a few lines, with the caller's: %s", (_, statements, errors) => {
      const program = `const { App } = require("cdktf");
      const { Bucket, Duration, GoogleStack, synthesize, Topic } = require("cdktf-serverless-ml");
      const app = new App();
      const stack = new GoogleStack(app, "flowers", { project: "acme-ml", region: "europe-west1" });
      ${statements};`;
      writeFileSync(join(project, "broken.js"), program);
      let printed = "";
      try {
        run("node", ["broken.js"], project);
      } catch (error) {
        printed = String((error as { stderr?: string }).stderr);
      }
      const lines = printed.split("\n");
      expect(lines.filter((line) => /^\s+at /.test(line))).toEqual([expect.stringMatching(/broken\.js:5:/)]);
      expect(printed.match(/\b(InvalidValue|InvalidName): /g)).toHaveLength(errors);
      expect(lines.length).toBeLessThan(15);
    });

    test("takes the app, the stack and the worker of docs/own-worker.md, and a clone runs what it synthesizes", () => {
      const folder = join(project, "cdktf-init", "shouting");
      const used = ["main.ts", "stacks/shouting.ts", "functions/shout-worker/index.ts", "drivers/shout.ts"];
      for (const path of used) writeInto(folder, path, PAGE.get(path) as string);
      run("node", ["../../node_modules/ts-node/dist/bin.js", "main.ts"], folder);
      const options = [
        "--terraform",
        join(folder, "cdktf.out/stacks/shouting"),
        "--drive",
        join(folder, used[3] as string),
      ];
      const printed = run("npm", ["run", "--silent", "local", "--", ...options], ROOT);
      expect(printed).toMatch(/^OK {2}shouting {2}accepted 1, done 1,/m);
    });

    test("wraps a worker of one's own, which bundles", () => {
      const bundle = `const { FunctionSource } = require("cdktf-serverless-ml");
      const { bytes, entryPoint } = FunctionSource.typescript("node16/worker.ts").archive();
      const { "index.cjs": code } = require("fflate").unzipSync(bytes);
      process.stdout.write(JSON.stringify({ size: code.length, entryPoint }));`;
      const { size, entryPoint } = JSON.parse(run("node", ["-e", bundle], project));
      expect(entryPoint).toBe("handler");
      expect(size).toBeGreaterThan(100_000);
      expect(size).toBeLessThan(400_000);
    });
  });
});
