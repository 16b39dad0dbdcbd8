import { shortAccount } from "@cdktf-serverless-ml/terraform-json";
import type { EventStream } from "../core/event-stream";
import type { HopEvent } from "../core/events";

/** SGR codes of ECMA-48: a colour and how it ends. */
const COLOURS = { dim: [2, 22], green: [32, 39], red: [31, 39], cyan: [36, 39] } as const;

export interface LineRecorderOptions {
  /** Prints a line. @default - nothing is printed */
  readonly write?: (line: string) => void;
  /** @default false */
  readonly colours?: boolean;
  /** Names of the hosts of functions, which are shown instead of their URLs. */
  readonly names?: ReadonlyMap<string, string>;
}

/** Reads the hops of a run, keeps them, and prints each as one line. */
export class LineRecorder {
  readonly hops: HopEvent[] = [];

  constructor(
    events: EventStream,
    private readonly options: LineRecorderOptions = {},
  ) {
    events.subscribe({
      hop: (hop) => {
        this.hops.push(hop);
        options.write?.(this.line(hop));
      },
    });
  }

  /** The printed line of a hop. */
  line({ time, from, to, what, attempt, status, detail, duration }: HopEvent): string {
    const colour = (name: keyof typeof COLOURS, text: string) =>
      this.options.colours ? `\x1b[${COLOURS[name][0]}m${text}\x1b[${COLOURS[name][1]}m` : text;
    const bad = /^[345]\d\d|^0$|fail|lost|denied|deadline|connection|cancel/i.test(status);
    return [
      colour("dim", `${(time / 1000).toFixed(3).padStart(9)}s`),
      `${this.short(from)} ${colour("dim", "->")} ${this.short(to)}`,
      colour("cyan", what),
      ...(attempt === undefined ? [] : [colour("dim", `attempt ${attempt}`)]),
      colour(bad ? "red" : "green", status),
      ...(detail === undefined ? [] : [detail]),
      ...(duration === undefined ? [] : [colour("dim", `${Math.round(duration)} ms`)]),
    ].join("  ");
  }

  /**
   * Shortens a function's URL to its name, a Google API's URL to its host, and a service account to
   * what is before the @.
   */
  private short(end: string): string {
    const host = /^https:\/\/([^/]+)/.exec(end)?.[1];
    if (host !== undefined) return this.options.names?.get(host) ?? host;
    return shortAccount(end);
  }
}
