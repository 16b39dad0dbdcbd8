import { endWithOthers } from "@cdktf-serverless-ml/cli";
import { reviewCommand } from "./command";

endWithOthers();
process.exitCode = reviewCommand(process.argv.slice(2));
