import { FlagError, readFlags } from "@cdktf-serverless-ml/cli";
import { mermaid } from "./diagram";
import { InputError } from "./input-error";
import { type Inputs, readInputs } from "./inputs";
import { comment } from "./markdown/comment";
import { type Review, review } from "./review";
import { isHidden, shown } from "./secrets";

const USAGE = `usage: npm run review -- <plan.json>... [--base <dir> --head <dir>] [options]

Reviews plans, or synthesized stacks without a plan. Prints one comment as Markdown; hazards come first.

  <plan.json>        terraform show -json of a saved plan; named after the stack, or plan.json in a folder that is
  --base <dir>       the stacks before, such as the cdktf.out of the base branch
  --head <dir>       the stacks now; with plans, both add sizes, construct paths and the wiring
  --markdown         prints the comment (default)
  --json             prints the review as JSON
  --allow-destroy    ends with exit code 0 for every verdict
  --help             prints this text

exit code: 0 safe, 2 partial (not all of it was understood), needs attention or destroys data, 1 bad input`;

const FLAGS = {
  base: { type: "string" },
  head: { type: "string" },
  markdown: { type: "boolean" },
  json: { type: "boolean" },
  "allow-destroy": { type: "boolean" },
  help: { type: "boolean" },
} as const;

interface Options {
  readonly plans: readonly string[];
  readonly base?: string;
  readonly head?: string;
  readonly json: boolean;
  readonly allowDestroy: boolean;
}

/** The command, from its arguments to what it prints. @returns its exit code */
export function reviewCommand(args: readonly string[]): number {
  try {
    return main(args);
  } catch (error) {
    if (!(error instanceof InputError || error instanceof FlagError)) throw error;
    const help = error instanceof FlagError ? ". For help: npm run review -- --help" : "";
    console.error(`review: ${error.message}${help}`);
    return 1;
  }
}

function main(args: readonly string[]): number {
  const options = readOptions(args);
  if (!options) {
    console.log(USAGE);
    return 0;
  }
  const inputs = readInputs(options);
  const result = review(inputs.readings);
  const accepted = options.allowDestroy;
  const text = options.json ? json(result) : comment(result, { drawings: drawings(inputs), accepted });
  process.stdout.write(text);
  return result.verdict === "safe" || accepted ? 0 : 2;
}

/**
 * The wiring of each stack that changes and is synthesized now. Where base is there to compare,
 * what is new, changed and removed is marked, and a drawing without marks is left out.
 */
function drawings({ readings, base, head }: Inputs): Map<string, string> {
  const drawn = new Map<string, string>();
  for (const { stack, changes } of readings) {
    const now = head.get(stack)?.stack;
    if (!now || changes.every(({ action }) => action === "none")) continue;
    const before = base.get(stack)?.stack;
    const changed = changes.filter(({ action }) => action === "update" || action === "replace");
    const marks = before && { before, changed: new Set(changed.map(({ address }) => address)) };
    const drawing = mermaid(now, marks);
    if (!marks || drawing !== mermaid(now)) drawn.set(stack, drawing);
  }
  return drawn;
}

function json(result: Review): string {
  // Only a part of a name can be hidden.
  const names = new Set(["address", "path", "from", "to", "call", "stack"]);
  const hide = (key: string, value: unknown) =>
    typeof value === "string" && isHidden(value) ? (names.has(key) ? shown(value) : "(sensitive)") : value;
  return `${JSON.stringify(result, hide, 2)}\n`;
}

/** @returns undefined for `--help` @throws InputError, FlagError */
function readOptions(args: readonly string[]): Options | undefined {
  const { values, positionals } = readFlags(args, FLAGS);
  if (values.help) return undefined;
  if (values.json && values.markdown) throw new InputError("--markdown and --json cannot be combined");
  if (positionals.length === 0 && (values.base === undefined || values.head === undefined)) {
    throw new InputError(
      "give a plan (terraform show -json of a saved plan), or --base and --head. For help: npm run review -- --help",
    );
  }
  return {
    plans: positionals,
    base: values.base,
    head: values.head,
    json: values.json === true,
    allowDestroy: values["allow-destroy"] === true,
  };
}
