/** A line that a function wrote to its standard output or error. */
export interface LogEntry {
  /** `DEFAULT` if the line has none. */
  readonly severity: string;
  readonly message: string;
  /** All fields of a structured line. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Where a process writes what it says. */
export type LogWriter = Pick<Log, "read" | "write">;

const KEPT = 200;

/**
 * The last lines of a function. JSON lines are structured. Source:
 * https://docs.cloud.google.com/run/docs/logging
 */
export class Log {
  private readonly entries: LogEntry[] = [];

  /** @param onEntry gets each entry, and the calls that its process served when it wrote it */
  constructor(private readonly onEntry: (entry: LogEntry, serving: readonly number[]) => void = () => {}) {}

  /** Reads a stream, line by line. */
  read(stream: NodeJS.ReadableStream): void {
    readLines(stream, (line) => this.write(line));
  }

  write(line: string, serving: readonly number[] = []): void {
    if (line.trim() === "") return;
    const entry = parse(line);
    this.entries.push(entry);
    if (this.entries.length > KEPT) this.entries.shift();
    this.onEntry(entry, serving);
  }

  /**
   * The same log, for one of several processes.
   *
   * @param serving the calls that the process serves now
   */
  of(serving: () => readonly number[]): LogWriter {
    const write = (line: string) => this.write(line, serving());
    return { write, read: (stream) => readLines(stream, write) };
  }

  /** The last lines as one text. */
  tail(count: number): string {
    return this.last(count)
      .map(({ message }) => message)
      .join("\n");
  }

  /** Oldest first. */
  last(count = KEPT): readonly LogEntry[] {
    return this.entries.slice(-count);
  }
}

function readLines(stream: NodeJS.ReadableStream, write: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) write(line);
  });
  stream.on("end", () => write(rest));
}

function parse(line: string): LogEntry {
  try {
    const fields = JSON.parse(line);
    if (typeof fields?.message === "string") {
      return { severity: String(fields.severity ?? "DEFAULT"), message: fields.message, fields };
    }
  } catch {
    // Text.
  }
  return { severity: "DEFAULT", message: line };
}
