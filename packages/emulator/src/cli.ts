import { endWithOthers, FlagError, readFlags, userPath, userProgram } from "@cdktf-serverless-ml/cli";
import { StackError } from "@cdktf-serverless-ml/terraform-json";
import { ApiError } from "./core/api-error";
import { LoadError } from "./core/load-error";
import { keepStack } from "./machine/keep";
import { StartError, startStack } from "./machine/machine";
import { describeLoadError, noticesOnce, onTerminal } from "./machine/terminal";
import { DockerError } from "./run/docker";
import { readRunFlags } from "./run/read-run-commands";
import { RunCommandError } from "./run/run-commands";
import { readSecrets, SecretsFileError } from "./secrets";
import { irisOrEcho } from "./vertex";

const USAGE = `usage: emulate <folder> [options]

Runs a stack on this machine: its functions, its Terraform JSON, its IAM bindings. No cloud, no account. The stack stays up
until Ctrl-C. The command prints curl lines that call it.

  <folder>           a folder with a cdk.tf.json
  --run <name>=<command>
                     runs a container service, job or worker pool as this command of yours; may be repeated
  --python <interpreter>
                     runs functions in Python (default: LOCAL_PYTHON, or else python3)
  --docker           runs the images of containers without a command, with docker
  --secrets <file>   values of secrets, as JSON or as NAME=value lines; made up unless given
  --quiet            prints no calls while the stack runs
  --help             this text`;
const FLAGS = {
  run: { type: "string", multiple: true },
  docker: { type: "boolean" },
  python: { type: "string" },
  secrets: { type: "string" },
  quiet: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

endWithOthers();
main(process.argv.slice(2)).catch((error: Error) => {
  process.exitCode = 2;
  console.error(explain(error));
});

/** Returns after --help alone. Ctrl-C ends the process, and whatever runs cleans up then. */
async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = readFlags(args, FLAGS);
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const [folder, ...more] = positionals;
  if (folder === undefined || more.length > 0) {
    throw new FlagError(`Given ${positionals.length} folders; allowed: one`);
  }
  const running = await startStack(userPath(folder), {
    ...(values.quiet ? {} : onTerminal()),
    ...(values.secrets !== undefined && { secrets: readSecrets(userPath(values.secrets)) }),
    run: readRunFlags(values.run ?? []),
    docker: values.docker,
    python: values.python === undefined ? undefined : userProgram(values.python),
    onNotice: noticesOnce(),
    chooseModel: irisOrEcho,
  });
  console.log((await keepStack(running)).text);
  await new Promise(() => {});
}

function explain(error: Error): string {
  if (error instanceof LoadError) return describeLoadError(error);
  if (error instanceof FlagError) return `${error.message}. For help: emulate --help`;
  const expected = [StackError, ApiError, StartError, SecretsFileError, RunCommandError, DockerError].some(
    (type) => error instanceof type,
  );
  return expected ? error.message : (error.stack ?? String(error));
}
