import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { strFromU8, unzipSync } from "fflate";
import { bundleAhead, bundleModules } from "../../lib/core/bundle";
import { FunctionSource } from "../../lib/core/function-source";
import { Workflow } from "../../lib/parts/workflow";
import { frameworkLock } from "../../scripts/framework-lock";
import { errorsOf, temporaryFolder, testStack, thrownBy } from "./support";

const ROOT = join(__dirname, "..", "..");
const json = (file: string) => JSON.parse(readFileSync(join(ROOT, file), "utf8"));

// Bundles are kept below the working directory, which shall not fill with those of these tests.
const before = process.cwd();
beforeAll(() => process.chdir(temporaryFolder()));
afterAll(() => process.chdir(before));

/** A folder with these files. */
function folder(files: Readonly<Record<string, string>>, root = temporaryFolder()): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(root, name, ".."), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

function contents(source: FunctionSource): Record<string, string> {
  const files = Object.entries(unzipSync(source.archive().bytes));
  return Object.fromEntries(files.map(([name, bytes]) => [name, strFromU8(bytes)]));
}

const python = { runtime: "python313", entryPoint: "main" };

describe("typescript", () => {
  const code = { "index.ts": `import { text } from "./text";\nexport const handler = (): string => text;` };
  const text = { "text.ts": `export const text: string = "hello";` };

  test("bundles a module with all that it imports, beside a manifest that names the framework only, and its lock", () => {
    const source = FunctionSource.typescript(folder({ ...code, ...text }));
    const files = contents(source);
    const { "index.cjs": bundle, "package.json": manifest, "package-lock.json": lock, ...others } = files;
    expect(others).toEqual({ "compile-cache.cjs": readFileSync(join(ROOT, "functions/compile-cache.cjs"), "utf8") });
    expect(JSON.parse(lock ?? "")).toMatchObject({ name: source.archive().name, lockfileVersion: 3 });
    expect(bundle).toContain('"hello"');
    expect(bundle).not.toMatch(/require\("\.|sourceMappingURL/);
    expect(JSON.parse(manifest ?? "")).toEqual({
      name: source.archive().name,
      private: true,
      main: "index.cjs",
      scripts: { "gcp-build": "node compile-cache.cjs .compile-cache" },
      dependencies: { "@google-cloud/functions-framework": expect.stringMatching(/^\d+\.\d+\.\d+$/) },
    });
  });

  test.each([
    ["nodejs22", true],
    ["nodejs24", false],
  ])(
    "on %s, with compileCache %s, has no script that the build runs, and sets no variable",
    (runtime, compileCache) => {
      const source = FunctionSource.typescript(folder({ ...code, ...text }), { runtime, compileCache });
      const files = contents(source);
      expect(Object.keys(files)).toEqual(["index.cjs", "package-lock.json", "package.json"]);
      expect(JSON.parse(files["package.json"] ?? "")).not.toHaveProperty("scripts");
      expect(source.archive().environment).toBeUndefined();
    },
  );

  test.each([undefined, "nodejs24", "nodejs26"])("on %s, instances read what was compiled in the build", (runtime) => {
    const source = FunctionSource.typescript(folder({ ...code, ...text }), { runtime });
    expect(source.archive().environment).toEqual({ NODE_COMPILE_CACHE: ".compile-cache" });
  });

  test("names one version and checksum of every package that the build installs, and no registry", () => {
    const lock = JSON.parse(
      contents(FunctionSource.typescript(folder({ ...code, ...text })))["package-lock.json"] ?? "",
    );
    const { "": root, ...packages } = lock.packages;
    expect(root.dependencies["@google-cloud/functions-framework"]).toBe(
      packages["node_modules/@google-cloud/functions-framework"].version,
    );
    for (const entry of Object.values(packages)) {
      expect(entry).toMatchObject({ integrity: expect.stringMatching(/^sha512-/), version: expect.any(String) });
      expect(entry).not.toHaveProperty("resolved");
      expect(entry).not.toHaveProperty("dev");
    }
  });

  test("has a lock that is whole: npm ci needs nothing that it does not name", () => {
    // Offline, npm fails on whatever it would have to look up.
    const root = folder(contents(FunctionSource.typescript(folder({ ...code, ...text }))));
    const command = [
      "ci",
      "--dry-run",
      "--offline",
      "--omit=dev",
      "--no-audit",
      "--no-fund",
      "--cache",
      join(root, "none"),
    ];
    const output = execFileSync("npm", command, { cwd: root, encoding: "utf8", shell: process.platform === "win32" });
    expect(output).toMatch(/added \d+ packages/);
  });

  test("runs with the packages that the tests run with: npm run lock:functions, after package-lock.json changed", () => {
    expect(json("functions/framework.lock.json")).toEqual(frameworkLock(json("package-lock.json")));
  });

  test("runs on a supported Node.js and calls `handler`, unless told otherwise", () => {
    const path = folder({ ...code, ...text });
    expect(FunctionSource.typescript(path).archive()).toMatchObject({ runtime: "nodejs24", entryPoint: "handler" });
    const options = { runtime: "nodejs22", entryPoint: "main" };
    expect(FunctionSource.typescript(path, options).archive()).toMatchObject(options);
  });

  test("takes a file, and a folder of JavaScript", () => {
    const root = folder({
      "worker.ts": "export const handler = () => 1;",
      "js/index.js": "exports.handler = () => 2;",
    });
    expect(FunctionSource.typescript(join(root, "worker.ts")).archive().name).toBe("worker");
    expect(contents(FunctionSource.typescript(join(root, "js")))["index.cjs"]).toContain("2");
  });

  test("gives the same bytes in another folder, with a blank in its path and newer files", () => {
    const here = folder({ "fn/index.ts": code["index.ts"], "fn/text.ts": text["text.ts"] });
    const there = join(temporaryFolder("with a blank "), "deeper down");
    cpSync(here, there, { recursive: true });
    utimesSync(join(there, "fn/index.ts"), 0, 0);
    const archives = [here, there].map((root) => FunctionSource.typescript(join(root, "fn")).archive());
    expect(Buffer.from(archives[1]?.bytes ?? []).equals(Buffer.from(archives[0]?.bytes ?? []))).toBe(true);
  });

  test("is read once, however many functions are made of it", () => {
    const root = folder({ ...code, ...text });
    const first = FunctionSource.typescript(root).archive();
    rmSync(root, { recursive: true });
    expect(FunctionSource.typescript(root).archive()).toBe(first);
  });

  test("what is not there is named, with what is allowed", () => {
    expect(thrownBy(() => FunctionSource.typescript("functions/missing").archive())).toBe(
      `InvalidSource: function source "functions/missing" does not exist; allowed is a .ts or .js file, or a folder with an index.ts or index.js, relative to ${process.cwd()}`,
    );
    const empty = folder({});
    expect(thrownBy(() => FunctionSource.typescript(empty).archive())).toContain(
      `function source "${empty}" does not exist`,
    );
  });

  test.each([
    [
      "does not parse",
      "export const handler = () => {\n  return 1 1;\n};",
      /^BundleFailed: function source does not bundle: .*broken\.ts:2: Expected ";" but found "1"$/,
    ],
    [
      "imports what is not there",
      'export * from "./text";\nexport * from "no-such-package";',
      /^BundleFailed: function source does not bundle: .*broken\.ts:1: Could not resolve "\.\/text"; .*broken\.ts:2: Could not resolve "no-such-package"$/,
    ],
  ])("code that %s is refused with file and line", (_, text, message) => {
    const path = join(folder({ "broken.ts": text }), "broken.ts");
    expect(thrownBy(() => FunctionSource.typescript(path).archive())).toMatch(message);
  });
});

describe("directory", () => {
  const files = { "main.py": "def main(request): pass\n", "requirements.txt": "", "models/iris.json": "{}" };

  test("is uploaded as it is, with the runtime and entry point that are given", () => {
    const source = FunctionSource.directory(folder(files), python);
    expect(contents(source)).toEqual(files);
    expect(source.archive()).toMatchObject(python);
  });

  test("leaves out what never belongs to a function, at any depth, and what the user names", () => {
    const unwanted = [
      ".git/HEAD",
      ".env",
      ".venv/bin/python",
      "venv/bin/python",
      "node_modules/a/index.js",
      "models/__pycache__/a.pyc",
      "models/.DS_Store",
      "notes.md",
      "tests/test_main.py",
    ];
    const root = folder({ ...files, ...Object.fromEntries(unwanted.map((name) => [name, "unwanted"])) });
    expect(contents(FunctionSource.directory(root, { ...python, exclude: ["notes.md", "tests"] }))).toEqual(files);
  });

  test("gives the same bytes in another folder, with a blank in its path", () => {
    const archives = ["plain-", "with a blank "].map((prefix) => {
      const root = folder(files, join(temporaryFolder(prefix), "fn"));
      return FunctionSource.directory(root, python).archive().sha256;
    });
    expect(archives[0]).toBe(archives[1]);
  });

  test("other contents are another archive", () => {
    const changed = { ...files, "main.py": "def main(request): return 1\n" };
    expect(FunctionSource.directory(folder(files), python).archive().sha256).not.toBe(
      FunctionSource.directory(folder(changed), python).archive().sha256,
    );
  });

  test.each(["file", "folder"])("a link to a %s is refused, as its target would not be uploaded", (kind) => {
    const root = folder(files);
    symlinkSync(join(root, kind === "file" ? "main.py" : "models"), join(root, "link"));
    expect(thrownBy(() => FunctionSource.directory(root, python).archive())).toBe(
      `InvalidSource: function source "${root}" holds the link link; links are not followed, put the file there`,
    );
  });

  test("an excluded link does no harm", () => {
    const root = folder(files);
    symlinkSync(root, join(root, ".venv"));
    expect(contents(FunctionSource.directory(root, python))).toEqual(files);
  });

  test("what is missing, a file, or empty is refused", () => {
    const root = folder(files);
    const main = join(root, "main.py");
    expect(thrownBy(() => FunctionSource.directory("no/such/folder", python).archive())).toBe(
      `InvalidSource: function source "no/such/folder" is not a folder, relative to ${process.cwd()}`,
    );
    expect(thrownBy(() => FunctionSource.directory(main, python).archive())).toBe(
      `InvalidSource: function source "${main}" is not a folder, relative to ${process.cwd()}`,
    );
    const empty = folder({ ".git/HEAD": "" });
    expect(thrownBy(() => FunctionSource.directory(empty, python).archive())).toBe(
      `InvalidSource: function source "${empty}" holds no files`,
    );
  });
});

describe("python", () => {
  const main = "def main(request):\n    return ''\n";
  const names = (source: FunctionSource) => Object.keys(contents(source));

  test("is a folder with the function main of its main.py, without what belongs to a container", () => {
    const root = folder({ "main.py": main, "requirements.txt": "", Dockerfile: "FROM python", "README.md": "x" });
    const source = FunctionSource.python(root);
    expect(names(source)).toEqual(["main.py", "requirements.txt"]);
    expect(source.archive()).toMatchObject({ runtime: "python313", entryPoint: "main" });
  });

  test("gets the contract of a worker if it imports it, and keeps its own copy", () => {
    const using = { "main.py": "from serverless_ml import task_worker\n\nmain = task_worker(print)\n" };
    const files = readdirSync(join(ROOT, "workers", "serverless_ml")).filter((file) => file.endsWith(".py"));
    expect(names(FunctionSource.python(folder(using)))).toEqual([
      "main.py",
      ...files.sort().map((file) => `serverless_ml/${file}`),
    ]);
    const own = { ...using, "serverless_ml/__init__.py": "task_worker = None\n" };
    expect(contents(FunctionSource.python(folder(own)))).toEqual(own);
  });

  test.each([
    ["async def main(request):\n    pass\n"],
    ["main: object = 1\n"],
    ["from worker import (\n    other,\n    handle as main,\n)\n"],
  ])("finds the entry point in %j", (text) => {
    expect(FunctionSource.python(folder({ "main.py": text })).archive().entryPoint).toBe("main");
  });

  test.each(["import main\n", "class main:\n    pass\n"])("takes no module and no class: %j", (text) => {
    const root = folder({ "main.py": text });
    expect(thrownBy(() => FunctionSource.python(root).archive())).toContain("InvalidSource: function source");
    expect(thrownBy(() => FunctionSource.python(root).archive())).toContain("allowed as entryPoint: nothing there");
  });

  test("an entry point that is missing is reported, with what there is", () => {
    const text = `"""\ndef main(request):\n"""\nimport json\nLIMIT = 3\n\ndef handle(request):\n    main = LIMIT == 3\n`;
    const root = folder({ "main.py": text });
    expect(thrownBy(() => FunctionSource.python(root).archive())).toBe(
      `InvalidSource: function source "${root}" has no main at the top level of its main.py; allowed as entryPoint: LIMIT, handle`,
    );
    expect(FunctionSource.python(root, { entryPoint: "handle", runtime: "python312" }).archive()).toMatchObject({
      entryPoint: "handle",
      runtime: "python312",
    });
    const empty = folder({ "app.py": main });
    expect(thrownBy(() => FunctionSource.python(empty).archive())).toBe(
      `InvalidSource: function source "${empty}" holds no main.py; allowed is a folder whose main.py has the function main`,
    );
  });
});

describe("bundles that are kept", () => {
  const code = { "index.ts": `import { text } from "./text";\nexport const handler = () => text;` };
  const cache = () => join(process.cwd(), "node_modules/.cache/cdktf-serverless-ml");
  const bundleOf = (root: string) => {
    const entry = join(root, "index.ts");
    return strFromU8(bundleModules([entry]).get(entry)?.code as Uint8Array);
  };

  beforeEach(() => process.chdir(temporaryFolder()));

  test("are used again, until a file that went into them changes", () => {
    const root = folder({ ...code, "text.ts": 'export const text = "one";' });
    const first = bundleOf(root);
    const [name] = readdirSync(cache());
    const [stamps] = readFileSync(join(cache(), String(name)), "utf8").split("\n");
    writeFileSync(join(cache(), String(name)), `${stamps}\nkept`);
    expect(bundleOf(root)).toBe("kept");

    folder({ "text.ts": 'export const text = "two";' }, root);
    expect(first).toContain('"one"');
    expect(bundleOf(root)).toContain('"two"');
    expect(readdirSync(cache())).toEqual([name]);
  });

  test("that are made ahead are used once", async () => {
    const root = folder({ ...code, "text.ts": 'export const text = "one";' });
    await bundleAhead([join(root, "index.ts")]);
    rmSync(join(root, "text.ts"));
    expect(bundleOf(root)).toContain('"one"');
    expect(() => bundleOf(root)).toThrow(/text/);
  });

  test("are made again where one cannot be read, and are no matter where none can be written", () => {
    const root = folder({ ...code, "text.ts": 'export const text = "one";' });
    const first = bundleOf(root);
    for (const name of readdirSync(cache())) writeFileSync(join(cache(), name), "half a bun");
    expect(bundleOf(root)).toBe(first);

    process.chdir(folder({ node_modules: "a file" }));
    expect(bundleOf(root)).toBe(first);
  });

  test("of many modules come from one run, and are the same as from many", () => {
    const paths = ["one", "two"].map((text) => folder({ "index.ts": `export const handler = () => "${text}";` }));
    const alone = paths.map((path) => bundleOf(path));
    process.chdir(temporaryFolder());
    FunctionSource.prepare(paths);
    for (const path of paths) rmSync(path, { recursive: true });
    expect(readdirSync(cache())).toHaveLength(2);
    expect(alone.map((text) => /one|two/.exec(text)?.[0])).toEqual(["one", "two"]);
  });

  test("that were prepared are used by the sources made later", () => {
    const root = folder({ "index.ts": 'export const handler = () => "one";' });
    FunctionSource.prepare([root]);
    writeFileSync(join(root, "index.ts"), 'export const handler = () => "two";');
    expect(contents(FunctionSource.typescript(root))["index.cjs"]).toContain('"one"');
  });

  test("are refused for a module that is not there, or does not bundle", () => {
    const broken = folder({ "index.ts": "export const handler = ;" });
    expect(thrownBy(() => FunctionSource.prepare(["no/such"]))).toContain('InvalidSource: function source "no/such"');
    expect(thrownBy(() => FunctionSource.prepare([broken]))).toMatch(/^BundleFailed: .*index\.ts:1: Unexpected ";"$/);
  });
});

test("a built-in function is found from wherever this package lies", () => {
  const archive = FunctionSource.builtIn("start-workflow").archive();
  expect(archive).toMatchObject({ name: "start-workflow", runtime: "nodejs24", entryPoint: "handler" });
});

describe("relative paths", () => {
  const code = (text: string) => `export const handler = () => console.log("${text}");`;
  const app = folder({
    "cdktf.json": "{}",
    "functions/mine/index.ts": code("of the app"),
    "functions/both/index.ts": code("of the app"),
    "functions/python/main.py": "",
    "infra/deep/functions/both/index.ts": code("beside"),
    "flow.yaml": "main: {}",
  });
  const here = process.cwd.bind(process);
  const inside = <T>(action: () => T): T => {
    const outside = here();
    process.chdir(join(app, "infra/deep"));
    try {
      return action();
    } finally {
      process.chdir(outside);
    }
  };

  test("are found from a subfolder of the app, beside the working directory first", () => {
    inside(() => {
      expect(contents(FunctionSource.typescript("functions/mine"))["index.cjs"]).toContain("of the app");
      expect(contents(FunctionSource.typescript("functions/both"))["index.cjs"]).toContain("beside");
      expect(Object.keys(contents(FunctionSource.directory("functions/python", python)))).toEqual(["main.py"]);
      const stack = testStack();
      new Workflow(stack, "flow", { source: "flow.yaml" });
      expect(errorsOf(stack)).toEqual([]);
    });
  });

  test("that are nowhere are told with both folders", () => {
    inside(() => {
      const deep = process.cwd();
      expect(thrownBy(() => FunctionSource.directory("absent", python).archive())).toBe(
        `InvalidSource: function source "absent" is not a folder, relative to ${deep} or ${join(deep, "../..")}`,
      );
    });
  });
});
