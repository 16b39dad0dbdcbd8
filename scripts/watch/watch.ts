import { existsSync, type FSWatcher, statSync, watch } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import type { Console, WatchEvent } from "@cdktf-serverless-ml/console";
import type { RunningStack } from "@cdktf-serverless-ml/emulator";
import { FunctionBundles } from "./function-bundles";
import { sourceFolders } from "./source-folders";
import { StackFunctions } from "./stack-functions";
import { synthesized } from "./synthesis";

const FUNCTIONS = "functions";
/** What stacks are synthesized from, beside the code of functions. */
const WORKERS = "workers";
const CONSTRUCTS = ["lib", "workflows", "pipelines", WORKERS, "main.ts", "cdktf.json"];
/** Milliseconds without a further change before the work begins: editors write a file in several steps. */
const CALM = 10;
const CODE = /\.([cm]?[jt]s|json|ya?ml|py|txt)$/;
/** What editors and Python leave beside a file. */
const NO_SOURCE = /(^|\/)(\.|__pycache__\/|[^/]*~$|\d+$)/;

/**
 * The loop: code that is saved reaches the functions that run, and a change of the constructs is
 * synthesized and shown.
 */
export class Watch {
  private readonly stacks = new Map<string, StackFunctions>();
  private readonly bundles: FunctionBundles;
  private readonly watchers: FSWatcher[] = [];
  private readonly observed: string[] = [];
  /** Folders that functions were uploaded from as they are. */
  private readonly folders = new Set<string>();
  private readonly changed = new Map<string, number>();
  private reading: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private working = false;

  /**
   * @param print gets a line for the terminal
   * @param root of the project
   */
  constructor(
    private readonly shown: Pick<Console, "watched">,
    private readonly print: (line: string) => void,
    private readonly root = ".",
    private readonly synthesize = synthesized,
  ) {
    this.bundles = new FunctionBundles(resolve(root, FUNCTIONS));
  }

  /** Begins with the first stack. */
  add(running: RunningStack, folder: string): void {
    const functions = new StackFunctions(running, folder);
    this.stacks.set(running.stack.name, functions);
    // Beside the start of the stack, which does not need it.
    this.reading = this.reading
      .then(() => this.bundles.read(functions.sources))
      .catch((error: Error) => this.print(`watch: ${error.message}`));
    if (this.watchers.length === 0) {
      const paths = [FUNCTIONS, ...CONSTRUCTS].map((path) => resolve(this.root, path));
      for (const path of paths.filter((each) => existsSync(each))) this.observe(path);
    }
    for (const source of sourceFolders(resolve(this.root), functions.folders)) {
      this.folders.add(source);
      if (!this.observed.some((path) => isIn(source, path))) this.observe(source);
    }
  }

  /** Resolves once changes reach the stacks that were added. */
  ready(): Promise<void> {
    return this.reading;
  }

  async stop(): Promise<void> {
    clearTimeout(this.timer);
    for (const watcher of this.watchers) watcher.close();
    await this.reading;
    await this.bundles.stop();
  }

  private observe(path: string): void {
    const isFolder = statSync(path).isDirectory();
    this.observed.push(path);
    const watcher = watch(path, { recursive: isFolder }, (_, name) => {
      const file = isFolder && name ? resolve(path, name) : path;
      if (!CODE.test(file) && !this.isUploaded(file)) return;
      if (!this.changed.has(file)) this.changed.set(file, savedAt(file));
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.work(), CALM);
    });
    watcher.on("error", (error) => this.print(`watch: ${error.message}`));
    this.watchers.push(watcher);
  }

  /** One after the other: what is saved meanwhile comes next. */
  private async work(): Promise<void> {
    if (this.working) return;
    this.working = true;
    try {
      while (this.changed.size > 0) {
        const changed = new Map(this.changed);
        this.changed.clear();
        await this.reading;
        await this.pass(changed);
      }
    } finally {
      this.working = false;
    }
  }

  private async pass(changed: ReadonlyMap<string, number>): Promise<void> {
    const files = [...changed.keys()].map((file) => slashes(relative(this.root, file)));
    const since = Math.min(...changed.values());
    const tell = (event: Pick<WatchEvent, "what"> & Partial<WatchEvent>) =>
      this.tell({ time: Date.now(), files, functions: [], milliseconds: Date.now() - since, ...event });
    try {
      const functions = await this.newCode(new Set(changed.keys()));
      if (functions.length > 0) tell({ what: "bundled", functions });
      const isConstruct = (file: string) => CONSTRUCTS.some((path) => isIn(file, resolve(this.root, path)));
      const saved = [...changed.keys()];
      if (!saved.some((file) => isConstruct(file) || this.isUploaded(file))) return;
      const { changes, restart, adopted } = await this.newStacks();
      if (adopted.length > 0) tell({ what: "bundled", functions: adopted });
      const ofWorkers = saved.some((file) => this.isUploaded(file) || isIn(file, resolve(this.root, WORKERS)));
      const containers = ofWorkers && [...this.stacks.values()].some(({ hasContainers }) => hasContainers);
      tell({ what: "synthesized", changes, needsRestart: restart || containers });
    } catch (error) {
      tell({ what: "failed", error: (error as Error).message });
    }
  }

  /** @returns names of the functions that run new code */
  private async newCode(files: ReadonlySet<string>): Promise<string[]> {
    const rebuilt = await this.bundles.rebuild(files);
    const replaced = rebuilt.flatMap(({ name, code }) =>
      [...this.stacks.values()].map((functions) => functions.replace(name, code)),
    );
    return (await Promise.all(replaced)).flat();
  }

  /**
   * Synthesizes, and gives functions the code of stacks in which nothing else has changed.
   *
   * @returns whether more than code has changed, and the functions that run new code
   */
  private async newStacks(): Promise<{ changes: string; restart: boolean; adopted: string[] }> {
    const { changes, folder, remove } = await this.synthesize();
    try {
      const of = (name: string) => join(folder, "stacks", name);
      const there = [...this.stacks].filter(([name, stack]) => existsSync(of(name)) && !stack.differsFrom(of(name)));
      const adopted = await Promise.all(there.map(([name, stack]) => stack.adopt(of(name))));
      return { changes, restart: there.length < this.stacks.size, adopted: adopted.flat() };
    } finally {
      remove();
    }
  }

  private isUploaded(file: string): boolean {
    return [...this.folders].some((folder) => isIn(file, folder) && !NO_SOURCE.test(slashes(relative(folder, file))));
  }

  private tell(event: WatchEvent): void {
    this.shown.watched("", event);
    const files = event.files.join(", ");
    const time = `${Math.round(event.milliseconds)} ms`;
    if (event.what === "bundled") this.print(`${files}: ${event.functions.join(", ")} on new code after ${time}`);
    else if (event.what === "failed") this.print(`${files}: ${event.error}`);
    else {
      const restart = event.needsRestart
        ? "it needs a restart: npm run synth, and start again"
        : "nothing that runs needs a restart";
      this.print(`${files}: synthesized in ${time}; ${restart}\n${plain(event.changes)}`);
    }
  }
}

function isIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder + sep);
}

function slashes(path: string): string {
  return path.split(sep).join("/");
}

/** Without drawings, which a terminal does not show. */
function plain(markdown = ""): string {
  return markdown.replace(/<!--.*?-->\n*|<details>[\s\S]*?<\/details>\n*/g, "").trim();
}

/** Milliseconds since 1970. A file that is gone was removed now. */
function savedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
}
