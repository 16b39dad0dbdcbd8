import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { LoadError } from "../local/core/load-error";
import { flowOf } from "../local/run/flows";
import { describe as describeSummary, onTerminal } from "../local/run/print";
import { inputFor, runStack } from "../local/run/run-stack";
import { StartError } from "../local/run/start-stack";
import type { Summary } from "../local/run/summary";
import { readStack } from "../terraform";
import { runApp } from "./run-app";

interface StackJson {
  readonly resource?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
}

// `npm start`: synthesizes all stacks, says what they hold, and runs each on its sample, on this machine.
runApp()
  .then(start)
  .catch((error: Error) => {
    process.exitCode = 1;
    console.error(error instanceof LoadError || error instanceof StartError ? error.message : error);
  });

async function start(outdir: string): Promise<void> {
  if (process.exitCode) return;
  const folders = join(outdir, "stacks");
  const summaries: Summary[] = [];
  for (const stack of readdirSync(folders).sort()) {
    const folder = join(folders, stack);
    describe(stack, folder);
    const type = flowOf(readStack(folder));
    if (!type) {
      console.log("  not run here: it is none of the five architectures; npm run local -- <stack> --keep\n");
      continue;
    }
    const summary = await runStack(folder, { type, input: inputFor(type, undefined, "samples"), ...onTerminal() });
    console.log(`${describeSummary(summary)}\n`);
    summaries.push(summary);
  }
  // On the samples of this repository nothing may fail, so that a part is too much.
  const bad = summaries.filter(({ verdict }) => verdict !== "OK");
  if (bad.length > 0) process.exitCode = 1;
  for (const { stack, verdict } of bad) console.log(`${verdict}  ${stack}`);
  console.log(`${summaries.length - bad.length} of ${summaries.length} stacks did on this machine what they should.`);
  console.log(
    'Next: npm run local -- <stack> --keep, npm test, or npx cdktf deploy <stack> (see README.md, "Deploying for real").',
  );
}

/** Prints one stack: where its JSON lies, what it runs, what it holds. */
function describe(stack: string, folder: string): void {
  const file = join(folder, "cdk.tf.json");
  const { resource = {} } = JSON.parse(readFileSync(file, "utf8")) as StackJson;
  const types = Object.entries(resource).map(
    ([type, byId]) => [type.replace(/^google_/, ""), Object.keys(byId).length] as const,
  );
  const total = types.reduce((sum, [, count]) => sum + count, 0);

  console.log(`${stack}  ${total} resources  ${relative(".", file)}`);
  console.log(table("  functions", functions(folder, resource)));
  console.log(table("  resources", wrap(types.map(([type, count]) => `${count} ${type}`))));
}

/** Name and size of the bundle of each function. */
function functions(folder: string, resource: NonNullable<StackJson["resource"]>): string[] {
  const objects = resource.google_storage_bucket_object ?? {};
  return Object.values(resource.google_cloudfunctions2_function ?? {}).map((fn) => {
    const reference = JSON.stringify(fn.build_config);
    const id = Object.keys(objects).find((candidate) =>
      reference.includes(`google_storage_bucket_object.${candidate}.`),
    );
    const source = id === undefined ? undefined : objects[id]?.source;
    const size = typeof source === "string" ? `${Math.ceil(statSync(join(folder, source)).size / 1024)} KiB` : "";
    return `${String(fn.name).padEnd(36)} ${size.padStart(8)}`;
  });
}

/** A heading and lines beside it. */
function table(heading: string, lines: readonly string[]): string {
  return lines.map((line, index) => `${(index === 0 ? heading : "").padEnd(14)}${line}`).join("\n");
}

/** Joins items to lines of up to 100 characters. */
function wrap(items: readonly string[]): string[] {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + item.length < 98) lines[lines.length - 1] = `${last}, ${item}`;
    else lines.push(item);
  }
  return lines;
}
