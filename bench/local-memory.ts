import { rmSync } from "node:fs";
import { LocalStack, work, writeStack } from "./local-stack";

// One run of the memory benchmark: a runtime in its own process accepts many tasks that are due in
// an hour, and prints its memory.
const [folder = "", count = "0"] = process.argv.slice(2);

async function main(): Promise<void> {
  writeStack(folder);
  const stack = await LocalStack.start(folder);
  try {
    const empty = process.memoryUsage.rss();
    const schedule = Date.now() + 3_600_000;
    for (let index = 0; index < Number(count); index++) await stack.enqueue(work(index), schedule);
    const { maxRSS } = process.resourceUsage();
    console.log(
      JSON.stringify({ empty: empty / 2 ** 20, full: process.memoryUsage.rss() / 2 ** 20, peak: maxRSS / 1024 }),
    );
  } finally {
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

void main();
