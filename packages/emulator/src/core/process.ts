import { type ChildProcess, execFile, spawn } from "node:child_process";
import type { Log } from "./log";
import { shellQuoted } from "./shell";
import { whenProcessEnds } from "./when-process-ends";

export interface ProcessOptions {
  /** A program, or without `args` a line for the shell (`sh -c`; on Windows `cmd.exe`). */
  readonly command: string;
  /** @default - `command` is a line for the shell */
  readonly args?: readonly string[];
  /** @default - the folder of this process */
  readonly cwd?: string;
  /** All variables: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Gets what it writes to its standard output and error. */
  readonly log: Pick<Log, "read" | "write">;
  /**
   * Gets what a Node.js program sends over its channel (`process.send`). The program has to end
   * when the channel closes.
   *
   * @default - there is no channel
   */
  // biome-ignore lint/suspicious/noExplicitAny: the shape is the program's.
  readonly onMessage?: (message: any) => void;
  /**
   * A program and its arguments that end what the process leaves elsewhere, such as a container.
   *
   * @default - the process leaves nothing
   */
  readonly cleanUp?: readonly string[];
}

export interface ProcessEnd {
  /** Undefined after a signal, and where the program could not be started. */
  readonly code?: number;
  readonly signal?: NodeJS.Signals;
  /** Why the program could not be started. */
  readonly error?: string;
}

/**
 * A process in a group of its own. The group ends with it, and with the process that started it.
 */
export interface StartedProcess {
  /** Resolves when the process is gone. */
  readonly ended: Promise<ProcessEnd>;
  /** Resolves when the process is gone and its output was read. */
  readonly closed: Promise<ProcessEnd>;
  /**
   * Sends SIGTERM, and SIGKILL some milliseconds later, as Cloud Run does.
   *
   * @param grace default: 10 seconds
   */
  stop(grace?: number): Promise<ProcessEnd>;
  /** Ends the process and all that it started, at once. */
  kill(): void;
}

/** Milliseconds from SIGTERM to SIGKILL, https://docs.cloud.google.com/run/docs/container-contract */
const GRACE = 10_000;
const POSIX = process.platform !== "win32";

/**
 * Runs the arguments in place of the shell. Beside it a process of the same group waits on
 * descriptor 3, which closes when the starter is gone, however it ended, and then ends the group.
 */
const GUARDED = `(trap '' TERM INT HUP; read -r _ <&3; [ -z "$LOCAL_CLEAN_UP" ] || eval "$LOCAL_CLEAN_UP"; kill -KILL 0) >/dev/null 2>&1 &
unset LOCAL_CLEAN_UP; exec "$@" 3<&-`;

export function startProcess(options: ProcessOptions): StartedProcess {
  const { log, onMessage, cleanUp } = options;
  const child = spawned(options);
  for (const stream of [child.stdout, child.stderr]) if (stream) log.read(stream);
  const kill = () => {
    if (cleanUp) execFile(cleanUp[0] ?? "", cleanUp.slice(1), () => {});
    endGroup(child, "SIGKILL");
  };
  const forget = whenProcessEnds(kill);
  if (onMessage) child.on("message", onMessage);
  const ending = (event: "exit" | "close") =>
    new Promise<ProcessEnd>((resolve) => {
      child.once("error", (error) => {
        if (child.pid === undefined) resolve({ error: error.message });
      });
      child.once(event, (code, signal) => resolve(signal ? { signal } : { code: code ?? undefined }));
    });
  const [ended, closed] = [ending("exit"), ending("close")];
  child.on("error", (error) => log.write(error.message));
  void ended.then(() => {
    forget();
    // What it started ends with it, as with a container.
    endGroup(child, "SIGKILL");
  });
  const stop = async (grace = GRACE) => {
    // A shell may stand between this process and the program.
    if (options.args === undefined) endGroup(child, "SIGTERM");
    else child.kill("SIGTERM");
    const timer = setTimeout(kill, grace);
    try {
      return await ended;
    } finally {
      clearTimeout(timer);
    }
  };
  return { ended, closed, stop, kill };
}

/** How a process ended, in words. */
export function endingText({ code, signal, error }: ProcessEnd): string {
  if (error !== undefined) return error;
  return signal ? `signal ${signal}` : `exit code ${code}`;
}

function spawned({ command, args, cwd, env, onMessage, cleanUp }: ProcessOptions): ChildProcess {
  // A group of its own, so that what the process starts ends with it.
  const common = { cwd, detached: POSIX };
  if (onMessage) return spawn(command, args ?? [], { ...common, env, stdio: ["ignore", "pipe", "pipe", "ipc"] });
  if (!POSIX) return spawn(command, args ?? [], { ...common, env, shell: !args, stdio: ["ignore", "pipe", "pipe"] });
  const program = args === undefined ? ["sh", "-c", command] : [command, ...args];
  return spawn("sh", ["-c", GUARDED, "sh", ...program], {
    ...common,
    env: { ...env, ...(cleanUp && { LOCAL_CLEAN_UP: cleanUp.map(shellQuoted).join(" ") }) },
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
}

function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid && POSIX) process.kill(-child.pid, signal);
    else child.kill(signal);
  } catch {
    // It had ended.
  }
}
