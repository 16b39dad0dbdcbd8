import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { counted, endWithOthers, FlagError, type Flags, readFlags, wholeFlag } from "@cdktf-serverless-ml/cli";
import {
  ApiError,
  type ChooseModel,
  irisOrEcho,
  LoadError,
  ModelError,
  ModuleError,
  modelFor,
  RequestFailed,
  readModel,
  readSecrets,
  SecretsFileError,
  StartError,
  type StartOptions,
} from "@cdktf-serverless-ml/emulator";

import { StackError } from "@cdktf-serverless-ml/terraform-json";
import { drivenBy, loadDriver } from "./drive";
import { type FaultSettings, faultSettings, faults } from "./faults";
import { checkIam, describeIamReport, IamCheckError, progressOn, summaryOf, verdictOf } from "./iam-check";
import { readStackWithOutputs, scenarioOf } from "./patterns";
import { type KeepOptions, keepStack } from "./run/keep";
import { describe, onTerminal } from "./run/print";
import { inputFor, runStack } from "./run/run-stack";
import { requireEmpty } from "./run/save-buckets";
import { startStack } from "./run/start";
import { exitCodeOf, type Summary } from "./run/summary";
import { type Input, InputError, type Scenario } from "./shared/scenario";

const USAGE = `usage: npm run local -- <stack> [options]

Runs a synthesized stack on this machine: its function bundles, its Terraform JSON, its IAM bindings. No cloud, no account.

  <stack>            one of cdktf.out/stacks (npm run synth writes them)
  --terraform <dir>  a folder with a cdk.tf.json, instead of <stack>
  --input <file>     puts this in, instead of the sample
  --predict <model>  answers for Vertex AI: a URL, a module of yours, echo, or iris
  --output <dir>     keeps what buckets hold when the run is over
  --drive <module>   how a stack of your own is used: a module that puts items in and says which are done (docs/local.md)
  --keep             stays up until Ctrl-C, and prints commands that use it
  --prove-iam        uses the stack without each of its IAM bindings in turn: which are needed, and for what
  --secrets <file>   values of secrets, as JSON or as NAME=value lines; made up unless given
  --faults           puts generated items in, and lets faults befall what is delivered, called and published; waits take no time
  --seed <n>         with --faults: which faults, 0 to 4294967295; random unless given
  --inputs <n>       with --faults: how many items, 1 to 100000; 100 unless given
  --real-time        with --faults: waits take their time
  --propagation <s>  the stack's bindings take effect only that many seconds after the run began, 1 to 3600; waits take no time
  --allow-dead-letters
                     exit code 0, not 3, where items or records failed while others were done
  --json             ends with one line of JSON: the summary
  --quiet            prints no hops and no progress, and of IAM bindings only those that are missing or not needed
  --help             this text`;
const FLAGS = {
  terraform: { type: "string" },
  input: { type: "string" },
  predict: { type: "string" },
  output: { type: "string" },
  drive: { type: "string" },
  keep: { type: "boolean" },
  "prove-iam": { type: "boolean" },
  secrets: { type: "string" },
  faults: { type: "boolean" },
  seed: { type: "string" },
  inputs: { type: "string" },
  "real-time": { type: "boolean" },
  propagation: { type: "string" },
  "allow-dead-letters": { type: "boolean" },
  json: { type: "boolean" },
  quiet: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;
/** Each of these uses the stack in its own way, with what it needs for that. */
const ALONE = {
  "prove-iam": ["keep", "input", "predict", "output"],
  faults: ["keep", "input", "predict", "output", "prove-iam"],
  keep: ["output"],
  propagation: ["keep", "prove-iam", "faults"],
} as const;
const STACKS = join("cdktf.out", "stacks");
const SAMPLES = "samples";

/** Something that the user can mend: shown without a stack trace. */
class UsageError extends Error {}

interface Options {
  readonly folder: string;
  readonly input?: string;
  /** As it was given. */
  readonly predict?: string;
  /** Absolute. */
  readonly output?: string;
  readonly drive?: string;
  readonly keep: boolean;
  readonly proveIam: boolean;
  readonly faults?: FaultSettings;
  /** Milliseconds. */
  readonly propagation?: number;
  /** As the stack was given. */
  readonly given: string;
  readonly allowsDeadLetters: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly secrets?: Readonly<Record<string, string>>;
  /** Says each notice once, on standard error. */
  readonly onNotice: (notice: string) => void;
}

endWithOthers();
main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    process.exitCode = 2;
    console.error(explain(error));
  },
);

/** @returns 0 when all is well, 3 when a part failed, 1 when the run shows a fault */
async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (!options) {
    console.log(USAGE);
    return 0;
  }
  const stack = readStackWithOutputs(options.folder);
  const scenario = options.drive === undefined ? scenarioOf(stack) : drivenBy(await loadDriver(options.drive));
  if (!scenario && !options.keep) {
    const wanted = "use --keep and call it yourself, or say with --drive <module> how it is used";
    throw new UsageError(`${stack.name} is none of the five architectures: ${wanted}`);
  }
  if (scenario && options.proveIam) return proveIam(options, scenario);
  if (scenario && options.faults) return faults({ ...options, ...options.faults, scenario, stack: stack.name });
  // Before anything starts, so that a bad file is told at once.
  const input =
    scenario && (options.input !== undefined || !options.keep) ? inputFor(scenario, options.input, SAMPLES) : undefined;
  if (options.output !== undefined) requireEmpty(options.output);
  const model = options.predict === undefined ? undefined : await readModel(options.predict, absolute);
  const chooseModel = model ? () => model : chosenFor(scenario, input, options.keep);
  const start = { ...watching(options), chooseModel, propagation: options.propagation };
  if (options.keep) return keep(options.folder, start, { scenario, input, samples: SAMPLES });
  if (!scenario || !input) return 1;
  return report(await runStack(options.folder, { scenario, input, output: options.output, ...start }), options);
}

/** Of models, where none is given: ours for flowers, and for what is no flower one that takes anything. */
function chosenFor(scenario: Scenario | undefined, input: Input | undefined, keep: boolean): ChooseModel {
  return keep ? irisOrEcho : modelFor((input && scenario?.instances?.(input)) ?? []);
}

function watching({ quiet, secrets, onNotice }: Options): StartOptions {
  return { ...(quiet ? {} : onTerminal()), secrets, onNotice };
}

function sayingOnce(): (notice: string) => void {
  const said = new Set<string>();
  return (notice) => {
    if (!said.has(notice)) console.error(`note: ${notice}`);
    said.add(notice);
  };
}

/** @returns the exit code */
function report(summary: Summary, { json, allowsDeadLetters }: Options): number {
  console.log(describe(summary));
  if (json) console.log(JSON.stringify(summary));
  return exitCodeOf(summary, allowsDeadLetters);
}

/** @returns the exit code */
async function proveIam({ folder, json, quiet, secrets, onNotice }: Options, scenario: Scenario): Promise<number> {
  const proof = await checkIam(folder, {
    scenario,
    secrets,
    onNotice,
    ...(!quiet && { onProgress: progressOn(process.stderr) }),
  });
  console.log(describeIamReport(proof, { quiet, colours: process.stdout.isTTY && !process.env.NO_COLOR }));
  if (json) console.log(JSON.stringify(summaryOf(proof)));
  return exitCodeOf({ verdict: verdictOf(proof) });
}

/** Never returns: Ctrl-C ends the process, and whatever runs cleans up then. */
async function keep(folder: string, start: StartOptions, options: KeepOptions): Promise<never> {
  const running = await startStack(folder, start);
  try {
    console.log((await keepStack(running, options)).text);
  } catch (error) {
    // What the stack does not take ends the command; functions that go on would keep it.
    await running.stop();
    throw error;
  }
  return new Promise(() => {});
}

/** @returns undefined when help is asked for @throws UsageError, FlagError */
function readOptions(args: readonly string[]): Options | undefined {
  const { values, positionals } = readFlags(args, FLAGS);
  const {
    help,
    terraform,
    input,
    drive,
    keep = false,
    json = false,
    quiet = false,
    "prove-iam": proveIam = false,
  } = values;
  if (help) return undefined;
  const [stack, ...more] = positionals;
  if (more.length > 0) throw new UsageError(`Given ${positionals.length} stacks; allowed: one`);
  if (terraform !== undefined && stack !== undefined) {
    throw new UsageError(`Given both a stack and --terraform; allowed: one of them`);
  }
  const settings = faultSettings(values);
  requireTogether(values);
  return {
    folder: terraform === undefined ? folderOf(stack) : absolute(terraform),
    input: input === undefined ? undefined : absolute(input),
    predict: values.predict,
    output: values.output === undefined ? undefined : absolute(values.output),
    drive: drive === undefined ? undefined : absolute(drive),
    keep,
    proveIam,
    faults: settings,
    propagation:
      values.propagation === undefined ? undefined : wholeFlag("propagation", values.propagation, 1, 3600) * 1000,
    given: [
      terraform === undefined ? String(stack) : `--terraform ${quoted(terraform)}`,
      ...(drive === undefined ? [] : [`--drive ${quoted(drive)}`]),
    ].join(" "),
    allowsDeadLetters: values["allow-dead-letters"] ?? false,
    json,
    quiet,
    secrets: values.secrets === undefined ? undefined : readSecrets(absolute(values.secrets)),
    onNotice: sayingOnce(),
  };
}

/** @throws UsageError */
function requireTogether(values: Flags<typeof FLAGS>): void {
  for (const [flag, others] of Object.entries(ALONE) as [keyof typeof ALONE, readonly (keyof typeof FLAGS)[]][]) {
    const other = values[flag] && others.find((name) => values[name] !== undefined);
    if (other) throw new UsageError(`Given --${flag} with --${other}; allowed: one of them`);
  }
}

/** npm goes to the project's folder; what people type is relative to where they were. */
function absolute(path: string): string {
  return resolve(process.env.INIT_CWD ?? ".", path);
}

function quoted(path: string): string {
  return /\s/.test(path) ? JSON.stringify(path) : path;
}

function folderOf(stack: string | undefined): string {
  const stacks = existsSync(STACKS)
    ? readdirSync(STACKS).filter((name) => existsSync(join(STACKS, name, "cdk.tf.json")))
    : [];
  if (stacks.length === 0) throw new UsageError(`There is nothing synthesized in ${STACKS} yet. Run: npm run synth`);
  if (stack !== undefined && stacks.includes(stack)) return join(STACKS, stack);
  const given = stack === undefined ? "No stack was given" : `There is no stack ${stack}`;
  throw new UsageError(`${given}. Stacks: ${stacks.sort().join(", ")}`);
}

function explain(error: Error): string {
  if (error instanceof LoadError) {
    return `This stack cannot run locally; ${counted(error.reasons.length, "reason")}:\n${error.reasons.map((reason) => `  ${reason}`).join("\n")}`;
  }
  if (error instanceof FlagError) return `${error.message}; npm run local -- --help says more`;
  const expected = [
    UsageError,
    StackError,
    InputError,
    ApiError,
    StartError,
    IamCheckError,
    RequestFailed,
    ModelError,
    ModuleError,
    SecretsFileError,
  ].some((type) => error instanceof type);
  return expected ? error.message : (error.stack ?? String(error));
}
