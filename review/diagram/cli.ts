import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readStack, StackError } from "../../terraform";
import { mermaid } from "./mermaid";
import { withDiagram } from "./pages";

// `npm run diagram`: draws every synthesized stack into docs/diagrams, and into the page of its name in docs.
const STACKS = join("cdktf.out", "stacks");
const DIAGRAMS = join("docs", "diagrams");

try {
  if (process.argv.length > 2)
    throw new StackError(`npm run diagram takes no arguments; given: ${process.argv.slice(2).join(" ")}`);
  const stacks = existsSync(STACKS) ? readdirSync(STACKS).sort() : [];
  if (stacks.length === 0) throw new StackError(`there are no stacks in ${STACKS}; run npm run synth first`);
  const charts = new Map(stacks.map((stack) => [stack, mermaid(readStack(join(STACKS, stack)))]));
  rmSync(DIAGRAMS, { recursive: true, force: true });
  mkdirSync(DIAGRAMS, { recursive: true });
  for (const [stack, chart] of charts) {
    const file = join(DIAGRAMS, `${stack}.mmd`);
    writeFileSync(file, chart);
    const page = join("docs", `${stack}.md`);
    const pages = existsSync(page) ? [page] : [];
    for (const path of pages) writeFileSync(path, withDiagram(readFileSync(path, "utf8"), chart, path));
    console.log([file, ...pages].join("  "));
  }
} catch (error) {
  if (!(error instanceof StackError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
