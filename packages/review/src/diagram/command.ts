import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { FlagError, readFlags } from "@cdktf-serverless-ml/cli";
import type { Stack } from "@cdktf-serverless-ml/terraform-json";
import { InputError } from "../input-error";
import { readStacks } from "../synthesized";
import { mermaid, overview, svg } from ".";

const USAGE = `usage: npm run diagram [-- <dir>] [--out <file|dir>]

Draws the wiring of stacks, from their synthesized JSON.

  <dir>          cdktf.out, another folder that has stacks/<name>/cdk.tf.json, or the folder of one stack
  --out <file>   <name>.svg or <name>.mmd (Mermaid), of one stack
  --out <dir>    <stack>.svg and <stack>.mmd of each stack, and overview.svg of several; other files there stay
  --help         prints this text

Without --out it prints the Mermaid source. Without <dir> it draws the stacks of cdktf.out into docs/diagrams, and replaces what is there.

exit code: 0 drawn, 1 bad input`;

const FLAGS = { out: { type: "string" }, help: { type: "boolean" } } as const;

const OWN = { stacks: "cdktf.out", diagrams: join("docs", "diagrams") };

/** The command, from its arguments to what it draws. @returns its exit code */
export async function diagramCommand(args: readonly string[]): Promise<number> {
  try {
    await main(args);
    return 0;
  } catch (error) {
    if (!(error instanceof InputError || error instanceof FlagError)) throw error;
    const help = error instanceof FlagError ? ". For help: npm run diagram -- --help" : "";
    console.error(`diagram: ${error.message}${help}`);
    return 1;
  }
}

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = readFlags(args, FLAGS);
  if (values.help) return console.log(USAGE);
  const [folder, ...more] = positionals;
  if (more.length > 0) throw new InputError(`give one folder; given: ${positionals.join(", ")}`);
  if (folder !== undefined) return draw(stacksIn(folder), values.out);
  if (values.out !== undefined)
    throw new InputError("--out needs a folder to draw. For help: npm run diagram -- --help");
  const stacks = stacksIn(OWN.stacks);
  const drawings = await drawingsOf(stacks);
  rmSync(OWN.diagrams, { recursive: true, force: true });
  write(OWN.diagrams, drawings.set("overview.svg", await overview(stacks)));
}

async function draw(stacks: readonly Stack[], out: string | undefined): Promise<void> {
  for (const { name, findings } of stacks) {
    for (const { address, attribute, why } of findings) {
      console.error(
        `${[name, address, attribute].filter(Boolean).join(" ")} is drawn as far as it is understood: ${why}`,
      );
    }
  }
  if (out === undefined) {
    const texts = stacks.map((stack) => (stacks.length > 1 ? `%% ${stack.name}\n${mermaid(stack)}` : mermaid(stack)));
    process.stdout.write(texts.join("\n"));
    return;
  }
  const kind = extname(out);
  if (kind !== ".svg" && kind !== ".mmd") {
    const drawings = await drawingsOf(stacks);
    if (stacks.length > 1) drawings.set("overview.svg", await overview(stacks));
    return write(out, drawings);
  }
  const [stack, ...others] = stacks;
  if (!stack || others.length > 0) {
    const names = stacks.map(({ name }) => name).join(", ");
    throw new InputError(
      `${out} holds one stack, and there are ${stacks.length} (${names}): give the folder of one, or a folder as --out`,
    );
  }
  write(dirname(out), new Map([[basename(out), kind === ".svg" ? await svg(stack) : mermaid(stack)]]));
}

/** The stacks of a folder, in the order of their names. */
function stacksIn(folder: string): Stack[] {
  try {
    const stacks = [...readStacks(folder)].sort(([a], [b]) => (a < b ? -1 : 1));
    return stacks.map(([, { stack }]) => stack);
  } catch (error) {
    if (!(error instanceof InputError) || folder !== OWN.stacks) throw error;
    throw new InputError(`${error.message}; run npm run synth first, or give a folder`);
  }
}

async function drawingsOf(stacks: readonly Stack[]): Promise<Map<string, string>> {
  const drawings = new Map<string, string>();
  for (const stack of stacks) {
    // A stack's name can be any text.
    const file = stack.name.replace(/[^\w.-]/g, "-");
    drawings.set(`${file}.mmd`, mermaid(stack)).set(`${file}.svg`, await svg(stack));
  }
  return drawings;
}

function write(folder: string, drawings: ReadonlyMap<string, string>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, drawing] of drawings) {
    const file = join(folder, name);
    writeFileSync(file, drawing);
    console.log(file);
  }
}
