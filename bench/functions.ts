import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { unzipSync } from "fflate";
import { runApp } from "../scripts/run-app";
import { median, printTable, report, verdict } from "./measure";

// `npm run bench -- functions`: cold start of each deployed function, from spawning
// functions-framework to listening, compared with functions-framework and an empty handler, which
// has no compile cache. The script that Google's build runs in a function's source has run before.
// The functions take turns, so that other load on the machine affects all alike.
//
// Another Node.js measures itself: PATH=<folder of its node>:$PATH npm run bench -- functions

const RUNS = 11;
const FRAMEWORK = resolve("node_modules", "@google-cloud", "functions-framework");
const MAIN = join(FRAMEWORK, "build", "src", "main.js");
const CACHE = "NODE_COMPILE_CACHE";
/** The Node.js on which instances in the cloud take what the build compiled. */
const TAKES_COMPILED_CODE = Number.parseInt(process.versions.node, 10) >= 24;
/** At most, against the bare framework. */
const LIMIT = TAKES_COMPILED_CODE ? 0.9 : 1.1;
const folder = mkdtempSync(join(tmpdir(), "bench-functions-"));

interface Start {
  /** Milliseconds from spawn to the first accepted connection. */
  readonly wall: number;
  /** Milliseconds that its threads ran; NaN where there is no /proc. */
  readonly cpu: number;
}

interface Candidate {
  readonly name: string;
  readonly source: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly starts: Start[];
}

interface DeployedFunction {
  readonly name: string;
  readonly kilobytes: number;
  /** Compiled files; 0 where this Node.js keeps none. */
  readonly compiled: number;
  readonly withCache: Candidate;
  readonly without: Candidate;
}

/** The functions of all stacks, built as by Cloud Functions; each source once. */
function deployedFunctions(outdir: string): DeployedFunction[] {
  const functions = new Map<string, DeployedFunction>();
  for (const stack of readdirSync(join(outdir, "stacks"))) {
    const stackFolder = join(outdir, "stacks", stack);
    const { resource } = JSON.parse(readFileSync(join(stackFolder, "cdk.tf.json"), "utf8"));
    const objects: Record<string, { source: string }> = resource.google_storage_bucket_object;
    for (const fn of Object.values<{
      build_config: unknown;
      service_config: { environment_variables: Record<string, string> };
    }>(resource.google_cloudfunctions2_function)) {
      const reference = JSON.stringify(fn.build_config);
      const id = Object.keys(objects).find((key) => reference.includes(`.${key}.`)) as string;
      const name = id.replace(/^function-sources_(.*)_[0-9A-F]{8}$/, "$1");
      if (functions.has(name)) continue;
      const zip = join(stackFolder, (objects[id] as { source: string }).source);
      const source = unpack(name, zip);
      const environment = resolved(fn.service_config.environment_variables);
      const { [CACHE]: cache = "", ...withoutCache } = environment;
      functions.set(name, {
        name,
        kilobytes: Math.round(statSync(zip).size / 1024),
        compiled: build(source, cache),
        withCache: { name, source, environment, starts: [] },
        without: { name, source, environment: withoutCache, starts: [] },
      });
    }
  }
  return [...functions.values()].sort((a, b) => a.name.localeCompare(b.name));
}

function unpack(name: string, zip: string): string {
  const target = join(folder, name);
  for (const [file, bytes] of Object.entries(unzipSync(readFileSync(zip)))) {
    mkdirSync(dirname(join(target, file)), { recursive: true });
    writeFileSync(join(target, file), bytes);
  }
  return target;
}

/**
 * Installs the framework and runs the source's script, as Google's build does.
 *
 * @returns the number of compiled files
 */
function build(source: string, cache: string): number {
  mkdirSync(join(source, "node_modules", "@google-cloud"), { recursive: true });
  symlinkSync(FRAMEWORK, join(source, "node_modules", "@google-cloud", "functions-framework"), "junction");
  const { scripts } = JSON.parse(readFileSync(join(source, "package.json"), "utf8"));
  const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
  const { status, stderr } = spawnSync(scripts["gcp-build"], {
    cwd: source,
    shell: true,
    encoding: "utf8",
    env: { ...process.env, PATH },
  });
  if (status !== 0) throw new Error(`${source}: the build failed:\n${stderr}`);
  const versions = readdirSync(join(source, cache)).map((version) => join(source, cache, version));
  // The script closes the folders, which are deleted in the end.
  for (const each of [...versions, join(source, cache)]) chmodSync(each, 0o755);
  return versions.flatMap((version) => readdirSync(version)).length;
}

/** Values that Terraform would supply: addresses of service accounts and functions. */
function resolved(environment: Record<string, string>): Record<string, string> {
  const fill = (value: string) =>
    value
      .replace(/\$\{[^}]*\.uri\}/g, "https://function.a.run.app")
      .replace(/\$\{[^}]*\}/g, "account@acme-ml.iam.gserviceaccount.com");
  return Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, fill(value)]));
}

function bareFramework(): Candidate {
  const source = join(folder, "bare");
  mkdirSync(source);
  writeFileSync(join(source, "index.js"), "exports.handler = (req, res) => res.end();\n");
  writeFileSync(join(source, "package.json"), '{"main":"index.js"}\n');
  return { name: "bare functions-framework", source, environment: {}, starts: [] };
}

async function coldStart({ name, source, environment }: Candidate): Promise<Start> {
  const port = await freePort();
  const begin = performance.now();
  const child = spawn(process.execPath, [MAIN, "--target=handler", `--port=${port}`], {
    cwd: source,
    env: { PATH: process.env.PATH, NODE_ENV: "production", METADATA_SERVER_DETECTION: "none", ...environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (data) => {
    log += data;
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`${name} does not start:\n${log}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const start = { wall: performance.now() - begin, cpu: cpuTime(child.pid as number) };
  // What a cache lacks is written when a process exits by itself: the next start shall be like this one.
  child.kill("SIGKILL");
  await ended;
  return start;
}

/** Linux counts in nanoseconds what each thread ran. */
function cpuTime(pid: number): number {
  try {
    const tasks = join("/proc", String(pid), "task");
    const ran = readdirSync(tasks).map((task) => readFileSync(join(tasks, task, "schedstat"), "utf8").split(" ")[0]);
    return ran.reduce((sum, nanoseconds) => sum + Number(nanoseconds), 0) / 1e6;
  } catch {
    return Number.NaN;
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("close", () => socket.destroy());
    socket.unref();
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

const wall = ({ starts }: Candidate) => median(starts.map((start) => start.wall));
const cpu = ({ starts }: Candidate) => median(starts.map((start) => start.cpu));
const milliseconds = (value: number) => (Number.isNaN(value) ? "" : `${value.toFixed(0)} ms`);
const times = (value: number) => (Number.isNaN(value) ? "" : `${value.toFixed(2)}x`);

async function main(): Promise<void> {
  process.env.CDKTF_OUTDIR = join(folder, "cdktf.out");
  const bare = bareFramework();
  const functions = deployedFunctions(await runApp());
  const candidates = functions.flatMap(({ compiled, withCache, without }) =>
    compiled > 0 ? [without, withCache] : [without],
  );
  for (let run = 0; run < RUNS; run++) {
    for (const candidate of [bare, ...candidates]) candidate.starts.push(await coldStart(candidate));
  }
  console.log(
    TAKES_COMPILED_CODE
      ? `Node.js ${process.version}: instances take what the build compiled. Against the bare framework: with the cache.`
      : `Node.js ${process.version}: in the cloud there is no cache. Against the bare framework: without one.`,
  );
  const headings = [`cold start, median of ${RUNS}`, "bundle", "without cache", "with cache", "CPU time"];
  const rows = functions.map(({ name, kilobytes, compiled, withCache, without }) => {
    const deployed = TAKES_COMPILED_CODE ? withCache : without;
    const ratio = wall(deployed) / wall(bare);
    return [
      name,
      `${kilobytes} KiB`,
      milliseconds(wall(without)),
      compiled > 0 ? milliseconds(wall(withCache)) : "",
      milliseconds(cpu(deployed)),
      times(ratio),
      times(cpu(deployed) / cpu(bare)),
      verdict(ratio, (value) => value <= LIMIT),
    ];
  });
  printTable(
    [...headings, "against bare", "its CPU time", `at most ${LIMIT}x`],
    [[bare.name, "", milliseconds(wall(bare)), "", milliseconds(cpu(bare)), "", "", ""], ...rows],
  );
  // The goal depends on the version of Node.js, and so do figures.
  const major = Number.parseInt(process.versions.node, 10);
  report(
    functions.map(({ name, withCache, without }) => {
      const value = wall(TAKES_COMPILED_CODE ? withCache : without);
      const label = `cold start of ${name}, Node.js ${major}, against the bare framework`;
      return { name: label, unit: "ms", value, ratio: value / wall(bare), goal: { atMost: LIMIT } };
    }),
  );
}

main()
  .catch((error) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => rmSync(folder, { recursive: true, force: true }));
