import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";

/** What a shell reports of a process that SIGPIPE ended: 128 + 13. Node.js ignores that signal. */
const BROKEN_PIPE = 141;
/** Milliseconds between looks for the parent. */
const INTERVAL = 500;

/**
 * For a command that may run for long: it ends quietly when nobody reads its output any more (`| head -1`), and ends as by SIGTERM
 * when the process that started it is gone. npm passes no signal on that it cannot catch, and its shell passes none on at all.
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

/** npm starts scripts in a shell, which may or may not stay between npm and this process. */
function npmAbove(parent: number, found: (npm: number) => void): void {
  readProcess(parent, ({ parent: above, command }) => {
    if (!/^(node|npm)/.test(command) && above > 1) found(above);
  });
}

function readProcess(pid: number, then: (found: { parent: number; command: string }) => void): void {
  try {
    // On Linux, where small images have no ps. The command stands in brackets and may hold any character.
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
