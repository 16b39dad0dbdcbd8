import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { unzipSync } from "fflate";
import { runApp } from "../scripts/run-app";
import { median, printTable, verdict } from "./measure";

// `npm run bench:functions`: cold start of each deployed function, from spawning
// functions-framework to listening, compared with functions-framework and an empty handler. The
// functions take turns, so that other load on the machine affects all alike.

const RUNS = 7;
const FRAMEWORK = join("node_modules", "@google-cloud", "functions-framework", "build", "src", "main.js");
const folder = mkdtempSync(join(tmpdir(), "bench-functions-"));

interface Candidate {
  readonly name: string;
  readonly source: string;
  readonly kilobytes: number;
  readonly environment: Record<string, string>;
  readonly times: number[];
}

/** The functions of all stacks, unpacked as for Cloud Functions; each source once. */
function deployedFunctions(outdir: string): Candidate[] {
  const candidates = new Map<string, Candidate>();
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
      const zip = join(stackFolder, (objects[id] as { source: string }).source);
      candidates.set(name, {
        name,
        source: unpack(name, zip),
        kilobytes: Math.round(statSync(zip).size / 1024),
        environment: resolved(fn.service_config.environment_variables),
        times: [],
      });
    }
  }
  return [...candidates.values()].sort((a, b) => a.name.localeCompare(b.name));
}

function unpack(name: string, zip: string): string {
  const target = join(folder, name);
  for (const [file, bytes] of Object.entries(unzipSync(readFileSync(zip)))) {
    mkdirSync(dirname(join(target, file)), { recursive: true });
    writeFileSync(join(target, file), bytes);
  }
  return target;
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
  return { name: "bare functions-framework", source, kilobytes: 0, environment: {}, times: [] };
}

/** Milliseconds from spawn to the first accepted connection. */
async function coldStart({ name, source, environment }: Candidate): Promise<number> {
  const port = await freePort();
  const begin = performance.now();
  const child = spawn(process.execPath, [FRAMEWORK, `--source=${source}`, "--target=handler", `--port=${port}`], {
    env: { PATH: process.env.PATH, METADATA_SERVER_DETECTION: "none", ...environment },
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
  const milliseconds = performance.now() - begin;
  child.kill();
  await ended;
  return milliseconds;
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

async function main(): Promise<void> {
  process.env.CDKTF_OUTDIR = join(folder, "cdktf.out");
  const bare = bareFramework();
  const functions = deployedFunctions(await runApp());
  for (let run = 0; run < RUNS; run++) {
    for (const candidate of [bare, ...functions]) candidate.times.push(await coldStart(candidate));
  }
  const baseline = median(bare.times);
  const rows = [bare, ...functions].map(({ name, kilobytes, times }) => {
    const ratio = median(times) / baseline;
    return [
      name,
      kilobytes ? `${kilobytes} KiB` : "",
      `${median(times).toFixed(0)} ms`,
      `${ratio.toFixed(2)}x`,
      verdict(ratio, (value) => value <= 1.4),
    ];
  });
  printTable([`cold start, median of ${RUNS}`, "bundle", "time", "against bare", "at most 1.4x"], rows);
}

main()
  .catch((error) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => rmSync(folder, { recursive: true, force: true }));
