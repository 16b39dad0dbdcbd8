import { endWithOthers } from "@cdktf-serverless-ml/cli";
import { Console } from "@cdktf-serverless-ml/console";
import { type KeptStack, localCommand } from "@cdktf-serverless-ml/scenarios";
import { Watch } from "./watch/watch";

// `npm run local`: the command of the package scenarios, with a console for a stack that is kept.
endWithOthers();
localCommand(process.argv.slice(2), show).then((code) => {
  process.exitCode = code;
});

async function show(kept: KeptStack): Promise<string[]> {
  const shown = await Console.start();
  kept.running.onStop(() => shown.stop());
  await shown.add(kept);
  if (kept.watch) {
    const watch = new Watch(shown, console.log);
    watch.add(kept.running, kept.folder);
    kept.running.onStop(() => watch.stop());
  }
  return [`\nConsole: ${shown.url}`];
}
