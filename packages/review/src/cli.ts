import { endWithOthers, FlagError, readFlags } from "@cdktf-serverless-ml/cli";
import { drawings } from "./drawings";
import { InputError } from "./input-error";
import { readInputs } from "./inputs";
import { comment } from "./markdown/comment";
import { type Review, review } from "./review";
import { isHidden, shown } from "./secrets";

const USAGE = `usage: npm run review -- <plan.json>... [--base <dir> --head <dir>] [options]

Reviews plans, or synthesized stacks where there is no plan: what can hurt comes first. Writes the Markdown of one comment.

  <plan.json>        terraform show -json of a saved plan; named after the stack, or plan.json in a folder that is
  --base <dir>       what was synthesized before, such as the cdktf.out of the base branch
  --head <dir>       what is synthesized now; with plans, both add sizes, construct paths and the wiring
  --markdown         the comment (default)
  --json             the review as JSON
  --allow-destroy    exit code 0 whatever the verdict
  --help             this text

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

endWithOthers();
try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof InputError || error instanceof FlagError)) throw error;
  console.error(`review: ${error.message}${error instanceof FlagError ? "; --help tells more" : ""}`);
  process.exitCode = 1;
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

function json(result: Review): string {
  // Of a name, what is hidden is only a part.
  const names = new Set(["address", "path", "from", "to", "call", "stack"]);
  const hide = (key: string, value: unknown) =>
    typeof value === "string" && isHidden(value) ? (names.has(key) ? shown(value) : "(sensitive)") : value;
  return `${JSON.stringify(result, hide, 2)}\n`;
}

/** @returns nothing when help is wanted */
function readOptions(args: readonly string[]): Options | undefined {
  const { values, positionals } = readFlags(args, FLAGS);
  if (values.help) return undefined;
  if (values.json && values.markdown) throw new InputError("give --markdown or --json, not both");
  if (positionals.length === 0 && (values.base === undefined || values.head === undefined)) {
    throw new InputError("give a plan (terraform show -json of a saved plan), or --base and --head; --help tells more");
  }
  return {
    plans: positionals,
    base: values.base,
    head: values.head,
    json: values.json === true,
    allowDestroy: values["allow-destroy"] === true,
  };
}
