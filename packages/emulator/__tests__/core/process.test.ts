import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Log } from "../../src/core/log";
import { endingText, type ProcessOptions, startProcess } from "../../src/core/process";

const PATH = process.env.PATH ?? "";
const lines = (log: Log) => log.last().map(({ message }) => message);

function start(command: string, more: Partial<ProcessOptions> = {}) {
  const log = new Log();
  return { log, started: startProcess({ command, env: { PATH }, log, ...more }) };
}

const alive = (pid: string) => /^[^Z]/.test(spawnSync("ps", ["-o", "stat=", "-p", pid]).stdout.toString().trim());
async function until(test: () => boolean): Promise<void> {
  while (!test()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("a line for the shell, with its own environment alone and its output as a log", async () => {
  process.env.DEVELOPER_SECRET = "s";
  const { log, started } = start('echo "$NAME,$DEVELOPER_SECRET" | tr a-z A-Z; echo bad >&2; exit 3', {
    env: { PATH, NAME: "x y" },
  });
  delete process.env.DEVELOPER_SECRET;
  expect(await started.closed).toEqual({ code: 3 });
  expect(lines(log).sort()).toEqual(["X Y,", "bad"]);
});

test("a program and its arguments, none of them read by a shell", async () => {
  const { log, started } = start(process.execPath, { args: ["-e", "console.log(process.argv[1])", "$PATH; 'x"] });
  expect(endingText(await started.closed)).toBe("exit code 0");
  expect(lines(log)).toEqual(["$PATH; 'x"]);
});

test("SIGTERM reaches the program behind the shell; after the grace comes SIGKILL", async () => {
  const polite = start("trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.01; done");
  await until(() => lines(polite.log).includes("up"));
  expect(await polite.started.stop()).toEqual({ code: 7 });
  const deaf = start("trap '' TERM; echo up; while :; do sleep 0.01; done");
  await until(() => lines(deaf.log).includes("up"));
  expect(await deaf.started.stop(50)).toEqual({ signal: "SIGKILL" });
});

test.each([
  ["ends by itself", "sleep 600 & echo $!", () => {}],
  ["is killed", "sleep 600 & echo $!; sleep 600", (started: ReturnType<typeof start>["started"]) => started.kill()],
])("what a process started ends when it %s", async (_how, command, end) => {
  const { log, started } = start(command);
  await until(() => log.last().length > 0);
  end(started);
  await started.closed;
  await until(() => !alive(lines(log)[0] ?? ""));
});

test("a program that is not there", async () => {
  const shell = start("no-such-program --x");
  expect(await shell.started.closed).toEqual({ code: 127 });
  expect(lines(shell.log).join()).toMatch(/no-such-program.*not found/);
  const folder = start("true", { cwd: "/no/such/folder" });
  expect((await folder.started.ended).error).toMatch(/ENOENT/);
});

test("kill() runs what ends the rest of a process", async () => {
  const folder = mkdtempSync(join(tmpdir(), "clean-up-"));
  const mark = join(folder, "mark of it");
  const { started } = start("sleep 600", { cleanUp: ["touch", mark] });
  started.kill();
  expect(await started.ended).toEqual({ signal: "SIGKILL" });
  await until(() => existsSync(mark));
  rmSync(folder, { recursive: true });
});

test("a process ends, and what ends its rest runs, when its starter is killed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "clean-up-"));
  const mark = join(folder, "mark of it");
  const starter = start(process.execPath, {
    args: [
      "scripts/ts.mjs",
      join(__dirname, "process-starter.ts"),
      "trap 'echo ignored' TERM; echo $$; while :; do sleep 0.05; done",
      mark,
    ],
  });
  await until(() => lines(starter.log).length > 0);
  const [pid = ""] = lines(starter.log);
  expect(alive(pid)).toBe(true);
  starter.started.kill();
  await until(() => !alive(pid) && existsSync(mark));
  rmSync(folder, { recursive: true });
});
