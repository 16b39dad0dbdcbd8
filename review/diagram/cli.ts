import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readStack, StackError } from "../../terraform";
import { mermaid, overview, svg } from ".";

// `npm run diagram`: draws every synthesized stack into docs/diagrams, for Mermaid and as SVG, and all in one glance.
const STACKS = join("cdktf.out", "stacks");
const DIAGRAMS = join("docs", "diagrams");

main(process.argv.slice(2)).catch((error) => {
  if (!(error instanceof StackError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
});

async function main(args: readonly string[]): Promise<void> {
  if (args.length > 0) throw new StackError(`npm run diagram takes no arguments; given: ${args.join(" ")}`);
  const names = existsSync(STACKS) ? readdirSync(STACKS).sort() : [];
  if (names.length === 0) throw new StackError(`there are no stacks in ${STACKS}; run npm run synth first`);
  const stacks = names.map((name) => readStack(join(STACKS, name)));
  const drawings = new Map([["overview.svg", await overview(stacks)]]);
  for (const stack of stacks)
    drawings.set(`${stack.name}.mmd`, mermaid(stack)).set(`${stack.name}.svg`, await svg(stack));
  rmSync(DIAGRAMS, { recursive: true, force: true });
  mkdirSync(DIAGRAMS, { recursive: true });
  for (const [file, drawing] of drawings) {
    writeFileSync(join(DIAGRAMS, file), drawing);
    console.log(join(DIAGRAMS, file));
  }
}
