import type { StackSummary, WatchEvent } from "./api-types";
import { NotFound, Refused } from "./errors";
import { PageFiles } from "./http/page-files";
import { routes } from "./http/routes";
import { ConsoleServer } from "./http/server";
import { Feed } from "./model/feed";
import type { OpenedStack } from "./model/opened-stack";
import { StackSession } from "./model/session";

type Shown = StackSession | Pick<StackSummary, "name" | "state" | "error">;

export interface ConsoleOptions {
  /** @default - any that is free */
  readonly port?: number;
}

/** The console of one or several stacks of this process. */
export class Console {
  private readonly feed = new Feed();
  private readonly shown = new Map<string, Shown>();
  private readonly server: ConsoleServer;
  private readonly endings: (() => void)[] = [];

  private constructor() {
    const api = routes({ list: () => this.list(), session: (name) => this.session(name) });
    this.server = new ConsoleServer({ feed: this.feed, page: new PageFiles(), api });
  }

  /** @throws Error for a port that is taken */
  static async start({ port }: ConsoleOptions = {}): Promise<Console> {
    const made = new Console();
    await made.server.start(port);
    return made;
  }

  /** For a browser: it holds the token. */
  get url(): string {
    return this.server.url;
  }

  /** For programs: `Authorization: Bearer`. */
  get token(): string {
    return this.server.token;
  }

  get port(): number {
    return this.server.port;
  }

  /** Shows that a stack starts, or why it failed to. */
  announce(name: string, error?: string): void {
    this.show(name, { name, ...(error === undefined ? { state: "starting" } : { state: "failed", error }) });
  }

  /** Shows a stack that runs. What it did before is not known. */
  async add(opened: OpenedStack): Promise<void> {
    const session = await StackSession.open(opened);
    const { name } = session;
    this.endings.push(this.feed.add(session), () => session.close());
    this.show(name, session);
  }

  /** Tells what the loop did. @param stack empty for all stacks */
  watched(stack: string, watch: WatchEvent): void {
    this.feed.send({ stack, kind: "watch", watch });
  }

  async stop(): Promise<void> {
    for (const end of this.endings.splice(0)) end();
    this.feed.stop();
    await this.server.stop();
  }

  private show(name: string, shown: Shown): void {
    this.shown.set(name, shown);
    this.feed.send({ stack: name, kind: "stack", summary: summaryOf(shown) });
  }

  private list(): StackSummary[] {
    return [...this.shown.values()].map(summaryOf);
  }

  private session(name: string): StackSession {
    const shown = this.shown.get(name);
    if (!shown) throw new NotFound(`There is no stack ${name}; allowed: ${[...this.shown.keys()].join(", ")}`);
    if (shown instanceof StackSession) return shown;
    throw new Refused(shown.error ?? `${name} is still starting`);
  }
}

function summaryOf(shown: Shown): StackSummary {
  return shown instanceof StackSession ? shown.summary() : { ...shown, failures: shown.state === "failed" ? 1 : 0 };
}
