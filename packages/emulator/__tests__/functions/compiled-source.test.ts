import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import nodeModule from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onlyIf } from "../../../../__tests__/support/only-if";
import { Bench, type Fixture, json } from "./support";

// What a function starts with where Google's build fills its compile cache.

const benches: Bench[] = [];
const cache = mkdtempSync(join(tmpdir(), "compiled-"));
const before = process.env.CDKTF_SERVERLESS_ML_CACHE;

beforeAll(() => {
  process.env.CDKTF_SERVERLESS_ML_CACHE = cache;
});

afterEach(async () => {
  await Promise.all(benches.splice(0).map((each) => each.stop()));
});

afterAll(() => {
  if (before === undefined) delete process.env.CDKTF_SERVERLESS_ML_CACHE;
  else process.env.CDKTF_SERVERLESS_ML_CACHE = before;
  rmSync(cache, { recursive: true, force: true });
});

const CODE = `exports.handler = (req, res) =>
  res.json({ cache: process.env.NODE_COMPILE_CACHE, code: __dirname, cwd: process.cwd() });`;
const BUILD = `const { appendFileSync, chmodSync, mkdirSync } = require("node:fs");
mkdirSync("cache");
appendFileSync("cache/builds", JSON.stringify(process.env) + "\\n");
chmodSync("cache", 0o555);`;

function fixture(
  build: string,
  variables: Readonly<Record<string, string>> = { NODE_COMPILE_CACHE: "cache" },
): Fixture {
  const packageJson = { main: "index.js", scripts: { "gcp-build": "node build.cjs" } };
  return {
    files: { "index.js": CODE, "package.json": JSON.stringify(packageJson), "build.cjs": build },
    service: { environment_variables: { SECRET: "of the function", ...variables } },
  };
}

async function told(fixtures: Readonly<Record<string, Fixture>>) {
  const bench = new Bench(fixtures);
  benches.push(bench);
  await bench.start();
  return Promise.all(Object.keys(fixtures).map(async (name) => json(await bench.call(name))));
}

const hasCache = "enableCompileCache" in nodeModule;
onlyIf(hasCache, `Node.js ${process.version} has no compile cache, which 22.8 and newer have`, () => {
  test("its script runs once for all functions and runs, knows nothing of them, and the result is kept", async () => {
    const all = [...(await told({ f: fixture(BUILD), g: fixture(BUILD) })), ...(await told({ f: fixture(BUILD) }))];
    const kept = join(cache, "functions", readdirSync(join(cache, "functions"))[0] ?? "");
    for (const { cache, code, cwd } of all) {
      expect([cache, code]).toEqual([join(kept, "cache"), kept]);
      expect(cwd).not.toContain(kept);
    }
    const builds = readFileSync(join(kept, "cache", "builds"), "utf8")
      .trim()
      .split("\n");
    expect(builds).toHaveLength(1);
    const environment = JSON.parse(builds[0] ?? "");
    expect(environment).toMatchObject({ GCE_METADATA_HOST: "127.0.0.1:1", LOCAL_GOOGLE_PORT: "1" });
    for (const name of ["SECRET", "K_SERVICE", "NODE_COMPILE_CACHE"]) expect(environment).not.toHaveProperty(name);
  });

  test("a script that fails leaves a function without a cache", async () => {
    const [{ cache, code, cwd }] = await told({ f: fixture("process.exit(1);") });
    expect([cache, code]).toEqual([undefined, cwd]);
  });
});

onlyIf(!hasCache, "this Node.js has a compile cache", () => {
  test("a Node.js without a compile cache runs no script", async () => {
    const [{ cache: named, code, cwd }] = await told({ f: fixture(BUILD) });
    expect([named, code]).toEqual([undefined, cwd]);
    expect(existsSync(join(cache, "functions"))).toBe(false);
  });
});

test("a folder that the function names elsewhere is the function's own", async () => {
  const elsewhere = join(tmpdir(), "of-the-function");
  const [{ cache, code, cwd }] = await told({ f: fixture(BUILD, { NODE_COMPILE_CACHE: elsewhere }) });
  expect([cache, code]).toEqual([elsewhere, cwd]);
  rmSync(elsewhere, { recursive: true, force: true });
});
