import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { counted, FlagError, type Flags, readFlags, userPath, userProgram, wholeFlag } from "@cdktf-serverless-ml/cli";
import {
  ApiError,
  type ChooseModel,
  DockerError,
  describeLoadError,
  type HostOptions,
  irisOrEcho,
  LoadError,
  ModelError,
  ModuleError,
  modelFor,
  noticesOnce,
  onTerminal,
  RequestFailed,
  RunCommandError,
  RunCommands,
  type RunningStack,
  readModel,
  readRunFile,
  readRunFlags,
  readSecrets,
  SecretsFileError,
  SkippingClock,
  StartError,
  type StartOptions,
  shellQuoted,
} from "@cdktf-serverless-ml/emulator";
import { StackError } from "@cdktf-serverless-ml/terraform-json";
import { PriceError, type Prices, readPrices } from "./cost/prices";
import { type Billed, costReport } from "./cost/report";
import { drivenBy } from "./drive/driven-scenario";
import { loadDriver } from "./drive/driver";
import { type FaultSettings, faultSettings, faultsCommand } from "./faults/command";
import { IamCheckError } from "./iam-check/check-iam";
import { checkIamCommand } from "./iam-check/command";
import { readStackWithOutputs, scenarioOf } from "./patterns";
import { type KeepOptions, keepStack } from "./run/keep";
import { describe } from "./run/print";
import { type Parameters, readParameters, withParameters } from "./run/read-parameters";
import { inputFor, runStack } from "./run/run-stack";
import { requireEmpty } from "./run/save-buckets";
import { startStack } from "./run/start";
import { exitCodeOf, type Summary } from "./run/summary";
import { type Input, InputError, type Scenario, type ScenarioRun } from "./shared/scenario";

const USAGE = `usage: npm run local -- <stack> [options]

Runs a synthesized stack on this machine: its function bundles, its Terraform JSON and its IAM bindings.
It needs no cloud account and no network.

  <stack>            a stack in cdktf.out/stacks (npm run synth writes them)
  --terraform <dir>  a folder with a cdk.tf.json, instead of <stack>
  --input <file>     an input file, instead of the sample
  --parameters <p>   parameters of a task pipeline's runs, as JSON or as a file of JSON
  --predict <model>  the model that stands in for Vertex AI: a URL, a module, echo, or iris
  --output <dir>     writes the objects of the buckets to a new or an empty folder after the run
  --drive <module>   a module that puts items into a stack of your own and says which are done (docs/local.md)
  --cost             prints what the run would cost at list prices: per item, per million items, and which setting
                     would lower it
  --prices <file>    with --cost: prices of another region, as packages/scenarios/src/cost/us-central1.json has them
  --keep             keeps the stack running until Ctrl-C, and prints the URL of its console (docs/console.md) and
                     commands that use it
  --no-watch         with --keep: code that is saved does not reach the stack that runs
  --check-iam        runs the stack without each of its IAM bindings in turn, and shows which ones it needs
  --run <name>=<command>
                     runs a container service, job or worker pool as this command of yours; may be repeated
                     (more of them: local.json beside cdktf.json, { "run": { "<name>": "<command>" } })
  --python <interpreter>
                     runs functions in Python and Beam pipelines (default: LOCAL_PYTHON,
                     or else python3; with --faults no pipelines)
  --docker           runs the images of containers without a command, with docker
  --secrets <file>   values of secrets, as JSON or as NAME=value lines (default: made up)
  --faults           injects faults into deliveries, calls and publishes of generated items, in virtual time, and
                     checks that nothing is lost or processed twice
  --seed <n>         with --faults: the seed of the faults, 0 to 4294967295 (default: random)
  --inputs <n>       with --faults: the number of items, 1 to 100000 (default: 100)
  --real-time        with --faults: waits take real time
  --redrive          with --faults: a dependency is out at first and then mended, and the dead letters are put back
  --propagation <s>  the stack's IAM bindings take effect after so many seconds, 1 to 3600, in virtual time
  --allow-dead-letters
                     exit code 0 instead of 3 if some items or records failed and others succeeded
  --json             prints the summary as JSON on the last line
  --quiet            prints no hops and no progress, and only IAM bindings that are missing or not shown to be needed
  --help             prints this text`;
const FLAGS = {
  terraform: { type: "string" },
  input: { type: "string" },
  parameters: { type: "string" },
  predict: { type: "string" },
  output: { type: "string" },
  drive: { type: "string" },
  cost: { type: "boolean" },
  prices: { type: "string" },
  keep: { type: "boolean" },
  "no-watch": { type: "boolean" },
  "check-iam": { type: "boolean" },
  /** The former name of `--check-iam`. */
  "prove-iam": { type: "boolean", hidden: true },
  run: { type: "string", multiple: true },
  docker: { type: "boolean" },
  python: { type: "string" },
  secrets: { type: "string" },
  faults: { type: "boolean" },
  seed: { type: "string" },
  inputs: { type: "string" },
  "real-time": { type: "boolean" },
  redrive: { type: "boolean" },
  propagation: { type: "string" },
  "allow-dead-letters": { type: "boolean" },
  json: { type: "boolean" },
  quiet: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;
/** Flags that cannot be combined, because each runs the stack in its own way. */
const EXCLUSIVE = {
  "check-iam": ["keep", "input", "predict", "output"],
  faults: ["keep", "input", "predict", "output", "check-iam"],
  keep: ["output"],
  propagation: ["keep", "check-iam", "faults"],
  cost: ["keep", "check-iam", "faults"],
} as const;
const STACKS = join("cdktf.out", "stacks");
const SAMPLES = "samples";
/** Beside cdktf.json. */
const RUN_FILE = "local.json";

/** An error that the user can fix. It is shown without a stack trace. */
class UsageError extends Error {}

interface Options {
  readonly folder: string;
  readonly input?: string;
  readonly parameters?: Parameters;
  /** As given. */
  readonly predict?: string;
  /** Absolute. */
  readonly output?: string;
  readonly drive?: string;
  /** For `--cost`. */
  readonly prices?: Prices;
  readonly keep: boolean;
  /** With `keep`. */
  readonly watch: boolean;
  readonly checkIam: boolean;
  readonly faults?: FaultSettings;
  /** Milliseconds. */
  readonly propagation?: number;
  /** The arguments that name the stack, as given. */
  readonly given: string;
  readonly allowsDeadLetters: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly host: HostOptions;
}

/** A stack that stays up, before anything goes in. */
export interface KeptStack {
  /** Holds `cdk.tf.json`. */
  readonly folder: string;
  readonly running: RunningStack;
  /** Undefined for a stack that is none of the five architectures. */
  readonly scenario?: Scenario;
  readonly run?: ScenarioRun;
  /** The input that was given, or else the sample. */
  readonly input?: Input;
  readonly notices: readonly string[];
  /** Whether code that is saved should reach the stack. */
  readonly watch: boolean;
}

/** Shows a stack that stays up. @returns lines for the terminal */
export type ShowKept = (kept: KeptStack) => Promise<readonly string[]>;

/**
 * `npm run local`. Errors are printed.
 *
 * @param show gets a stack that `--keep` keeps, whose clock can jump. @default - nothing shows it
 * @returns the exit code: as `run` gives it, or 2 after an error
 */
export async function localCommand(args: readonly string[], show?: ShowKept): Promise<number> {
  try {
    return await run(args, show);
  } catch (error) {
    console.error(explain(error as Error));
    return 2;
  }
}

/** @returns 0 for `OK`, 3 for `PARTIAL`, 1 for `FAILED` */
async function run(args: readonly string[], show?: ShowKept): Promise<number> {
  const options = readOptions(args);
  if (!options) {
    console.log(USAGE);
    return 0;
  }
  const stack = readStackWithOutputs(options.folder);
  const known = options.drive === undefined ? scenarioOf(stack) : drivenBy(await loadDriver(options.drive));
  const scenario = known && options.parameters ? withParameters(known, options.parameters) : known;
  if (!scenario && !options.keep) {
    const remedy = "Use --keep and call it yourself, or --drive <module> to say how it is used";
    throw new UsageError(`${stack.name} is none of the five architectures. ${remedy}`);
  }
  const host = { ...options.host, run: { ...readRunFile(RUN_FILE, new RunCommands(stack)), ...options.host.run } };
  if (scenario && options.checkIam) return checkIamCommand({ ...options, ...host, scenario });
  if (scenario && options.faults)
    return faultsCommand({ ...options, ...options.faults, host, scenario, stack: stack.name });
  // Read before anything starts, so that a bad file is reported at once.
  const input =
    scenario && (options.input !== undefined || !options.keep) ? inputFor(scenario, options.input, SAMPLES) : undefined;
  if (options.output !== undefined) requireEmpty(options.output);
  const model = options.predict === undefined ? undefined : await readModel(options.predict, userPath);
  const chooseModel = model ? () => model : modelOf(scenario, input, options.keep);
  const start = { ...(options.quiet ? {} : onTerminal()), ...host, chooseModel, propagation: options.propagation };
  if (options.keep) return keep(options, start, { scenario, input, samples: SAMPLES }, show);
  if (!scenario || !input) return 1;
  let cost: string | undefined;
  const onBilled = (billed: Billed) => {
    cost = options.prices && costReport(billed, options.prices);
  };
  const summary = await runStack(options.folder, { scenario, input, output: options.output, onBilled, ...start });
  return report(summary, cost, options);
}

/** The default model: Iris for flowers, and echo for any other input. */
function modelOf(scenario: Scenario | undefined, input: Input | undefined, keep: boolean): ChooseModel {
  return keep ? irisOrEcho : modelFor((input && scenario?.instances?.(input)) ?? []);
}

/** @returns the exit code */
function report(summary: Summary, cost: string | undefined, { json, allowsDeadLetters }: Options): number {
  console.log(describe(summary));
  if (cost !== undefined) console.log(`\n${cost}`);
  if (json) console.log(JSON.stringify(summary));
  return exitCodeOf(summary, allowsDeadLetters);
}

/** Never returns. Ctrl-C ends the process, and everything that runs cleans up. */
async function keep(
  { folder, watch }: Options,
  start: StartOptions,
  options: KeepOptions,
  show?: ShowKept,
): Promise<never> {
  const notices: string[] = [];
  const onNotice = (notice: string) => {
    notices.push(notice);
    start.onNotice?.(notice);
  };
  const running = await startStack(folder, { ...start, onNotice, ...(show && { clock: new SkippingClock() }) });
  try {
    const { scenario, input = scenario && inputFor(scenario, undefined, SAMPLES) } = options;
    const run = scenario?.create(running);
    const shown = (await show?.({ folder, running, scenario, run, input, notices, watch })) ?? [];
    const { text } = await keepStack(running, { ...options, run });
    console.log([text, ...shown].join("\n"));
  } catch (error) {
    // A refused input ends the command. Functions that still run would keep the process alive.
    await running.stop();
    throw error;
  }
  return new Promise(() => {});
}

/** @returns undefined for `--help` @throws UsageError, FlagError */
function readOptions(args: readonly string[]): Options | undefined {
  const { values: given, positionals } = readFlags(args, FLAGS);
  const values = { ...given, "check-iam": given["check-iam"] ?? given["prove-iam"] };
  const { help, terraform, input, drive, keep = false, json = false, quiet = false } = values;
  if (help) return undefined;
  const [stack, ...more] = positionals;
  if (more.length > 0)
    throw new UsageError(`Given ${counted(positionals.length, "stack")}: ${positionals.join(", ")}; allowed: one`);
  if (terraform !== undefined && stack !== undefined) {
    throw new UsageError("<stack> and --terraform cannot be combined");
  }
  if (values.prices !== undefined && !values.cost) throw new UsageError("--prices is for --cost");
  const settings = faultSettings(values);
  requireCompatible(values);
  return {
    folder: terraform === undefined ? folderOf(stack) : userPath(terraform),
    input: input === undefined ? undefined : userPath(input),
    parameters: values.parameters === undefined ? undefined : readParameters(values.parameters),
    predict: values.predict,
    output: values.output === undefined ? undefined : userPath(values.output),
    drive: drive === undefined ? undefined : userPath(drive),
    prices: values.cost ? readPrices(values.prices === undefined ? undefined : userPath(values.prices)) : undefined,
    keep,
    watch: !values["no-watch"],
    checkIam: values["check-iam"] ?? false,
    faults: settings,
    propagation:
      values.propagation === undefined ? undefined : wholeFlag("propagation", values.propagation, 1, 3600) * 1000,
    given: [
      terraform === undefined ? String(stack) : `--terraform ${quoted(terraform)}`,
      ...(drive === undefined ? [] : [`--drive ${quoted(drive)}`]),
      ...(values.run ?? []).map((command) => `--run ${quoted(command)}`),
      ...(values.docker ? ["--docker"] : []),
      ...(values.parameters === undefined ? [] : [`--parameters ${quoted(values.parameters)}`]),
      ...(values.python === undefined ? [] : [`--python ${quoted(values.python)}`]),
    ].join(" "),
    allowsDeadLetters: values["allow-dead-letters"] ?? false,
    json,
    quiet,
    host: {
      secrets: values.secrets === undefined ? undefined : readSecrets(userPath(values.secrets)),
      run: readRunFlags(values.run ?? []),
      docker: values.docker,
      python: values.python === undefined ? undefined : userProgram(values.python),
      onNotice: noticesOnce(),
    },
  };
}

/** @throws UsageError */
function requireCompatible(values: Flags<typeof FLAGS>): void {
  for (const [flag, others] of Object.entries(EXCLUSIVE) as [
    keyof typeof EXCLUSIVE,
    readonly (keyof typeof FLAGS)[],
  ][]) {
    const other = values[flag] && others.find((name) => values[name] !== undefined);
    if (other) throw new UsageError(`--${other} and --${flag} cannot be combined`);
  }
}

/** A word of a POSIX shell, as it can be pasted there. */
function quoted(text: string): string {
  return /^[\w./:=@-]+$/.test(text) ? text : shellQuoted(text);
}

function folderOf(stack: string | undefined): string {
  const stacks = existsSync(STACKS)
    ? readdirSync(STACKS).filter((name) => existsSync(join(STACKS, name, "cdk.tf.json")))
    : [];
  if (stacks.length === 0) throw new UsageError(`${STACKS} has no stacks yet. Run: npm run synth`);
  if (stack !== undefined && stacks.includes(stack)) return join(STACKS, stack);
  const given = stack === undefined ? "No stack was given" : `There is no stack ${stack}`;
  throw new UsageError(`${given}. Stacks: ${stacks.sort().join(", ")}`);
}

function explain(error: Error): string {
  if (error instanceof LoadError) return describeLoadError(error);
  if (error instanceof FlagError) return `${error.message}. For help: npm run local -- --help`;
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
    PriceError,
    SecretsFileError,
    RunCommandError,
    DockerError,
  ].some((type) => error instanceof type);
  return expected ? error.message : (error.stack ?? String(error));
}
