import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";

/** The exit code of a process that SIGPIPE ended: 128 + 13. Node.js ignores that signal. */
const BROKEN_PIPE = 141;
/** Milliseconds between checks of the parent. */
const INTERVAL = 500;

/**
 * For long-running commands. The process ends quietly when its output is no longer read (as with
 * `| head -1`), and ends as by SIGTERM when the process that started it is gone: npm does not pass
 * on signals that it cannot catch, and its shell passes on none.
 */
export function endWithOthers(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      process.exit(BROKEN_PIPE);
    });
  }
  if (process.platform === "win32") return;
  const parent = process.ppid;
  let npm: number | undefined;
  if (process.env.npm_lifecycle_event !== undefined) {
    npmAbove(parent, (found) => {
      npm = found;
    });
  }
  setInterval(() => {
    if (process.ppid === parent && (npm === undefined || isAlive(npm))) return;
    process.kill(process.pid, "SIGTERM");
  }, INTERVAL).unref();
}

/** npm starts scripts in a shell. The shell can stay between npm and this process, or not. */
function npmAbove(parent: number, found: (npm: number) => void): void {
  readProcess(parent, ({ parent: above, command }) => {
    if (!/^(node|npm)/.test(command) && above > 1) found(above);
  });
}

function readProcess(pid: number, then: (found: { parent: number; command: string }) => void): void {
  try {
    // Linux: small images have no ps. The command is in brackets and can contain any character.
    const [, command = "", parent] = /^\d+ \((.*)\) \S (\d+) /s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    then({ parent: Number(parent), command });
  } catch {
    execFile("ps", ["-o", "ppid=,comm=", "-p", String(pid)], (error, stdout) => {
      const [, parent, command = ""] = /^\s*(\d+)\s+(.*)/.exec(error ? "" : stdout) ?? [];
      if (parent !== undefined) then({ parent: Number(parent), command: command.replace(/.*\//, "") });
    });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
