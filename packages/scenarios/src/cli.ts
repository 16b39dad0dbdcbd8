import { endWithOthers } from "@cdktf-serverless-ml/cli";
import { localCommand } from "./command";

endWithOthers();
localCommand(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
