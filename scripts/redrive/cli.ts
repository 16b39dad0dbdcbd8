import { counted, endWithOthers, FlagError } from "@cdktf-serverless-ml/cli";
import { cloudFunction } from "./cloud";
import { localFunction } from "./local";
import { readOptions, USAGE } from "./options";
import { RedriveError } from "./post";
import { redrive } from "./redrive";

// `npm run redrive`: puts the dead letters of a stack back, in the cloud or in a local run.
endWithOthers();
main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    const isUsage = error instanceof FlagError;
    process.exitCode = isUsage ? 2 : 1;
    if (isUsage) console.error(`${error.message}. For help: npm run redrive -- --help`);
    else console.error(error instanceof RedriveError ? error.message : error);
  },
);

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (!options) {
    console.log(USAGE);
    return 0;
  }
  const post = options.local === undefined ? cloudFunction(options) : await localFunction(options);
  const { stuck } = await redrive(post, options.wanted, console.log);
  for (const [why, count] of Object.entries(stuck)) console.error(`${counted(count, "letter")}: ${why}`);
  return Object.keys(stuck).length > 0 ? 3 : 0;
}
