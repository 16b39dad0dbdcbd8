import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { onlyIf } from "../../../__tests__/support/only-if";

// Processes end otherwise on Windows, which has neither SIGPIPE nor orphans' new parents.
onlyIf(process.platform !== "win32", "processes end otherwise on Windows", () => {
  describe("a command that runs for long", () => {
    const node = `'${process.execPath}' scripts/ts.mjs packages/cli/__tests__/long-running.ts`;
    const children: ChildProcess[] = [];
    afterAll(() => {
      for (const { pid = 0 } of children) {
        try {
          process.kill(-pid, "SIGKILL");
        } catch {
          // Nothing of it is left.
        }
      }
    });

    /** In a process group of its own, so that nothing of it is left behind. */
    function start(script: string, env: NodeJS.ProcessEnv = process.env): ChildProcess {
      const child = spawn("sh", ["-c", script], { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
      children.push(child);
      return child;
    }

    /** Id of the command's process, once it runs. */
    async function pidOf(child: ChildProcess): Promise<number> {
      let text = "";
      child.stdout?.on("data", (chunk) => {
        text += chunk;
      });
      await until(() => text.includes("\n"));
      return Number(text.split("\n")[0]);
    }

    test("whose reader goes away ends quietly, with the exit code of a broken pipe", async () => {
      const child = start(`${node} | head -1 >/dev/null`);
      let said = "";
      child.stderr?.on("data", (chunk) => {
        said += chunk;
      });
      await once(child, "close");
      // 128 + SIGPIPE (13), as shells report it; and what cleans up on exit has its turn.
      expect(said).toBe("exit 141\n");
    });

    test("ends as by SIGTERM when the shell that started it is killed", async () => {
      const child = start(`${node}; true`);
      const pid = await pidOf(child);
      child.kill("SIGKILL");
      await until(() => !isAlive(pid));
    });

    test("ends when npm above its shell is killed", async () => {
      // npm's part is played by a shell that is called otherwise: npm_lifecycle_event says that
      // there is one.
      const npm = `sh -c "sh -c \\"${node}; true\\"; true"; true`;
      const child = start(npm, { ...process.env, npm_lifecycle_event: "local" });
      const pid = await pidOf(child);
      const shell = parentOf(parentOf(pid));
      process.kill(shell, "SIGKILL");
      await until(() => !isAlive(pid));
    });

    test("goes on while those who started it live", async () => {
      const child = start(`${node}; true`);
      const pid = await pidOf(child);
      await new Promise((resolve) => setTimeout(resolve, 1200));
      expect(isAlive(pid)).toBe(true);
      process.kill(pid, "SIGTERM");
      await until(() => !isAlive(pid));
    });
  });
});

function parentOf(pid: number): number {
  return Number(execFileSync("ps", ["-o", "ppid=", "-p", String(pid)], { encoding: "utf8" }));
}

/** Not one that has ended and that nobody has asked after: some containers leave orphans so. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.trim().startsWith("Z");
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 300) throw new Error("it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
