import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

/** A file that the page consists of. */
export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
}

const FOLDER = join(__dirname, "../../page");
const NOTHING = "<!doctype html><title>Console</title><p>This console has an API and no page: docs/console.md.";

/** The page's files by path. They are made when they are first asked for, and kept in memory. */
export class PageFiles {
  private script?: Promise<Buffer>;

  constructor(private readonly folder = FOLDER) {}

  async file(path: string): Promise<PageFile | undefined> {
    if (path === "/" || path === "/index.html") {
      const page = this.read("index.html") ?? Buffer.from(NOTHING);
      return { type: "text/html; charset=utf-8", body: page };
    }
    if (path === "/app.css") return fileOf("text/css; charset=utf-8", this.read("app.css"));
    if (path === "/favicon.svg") return fileOf("image/svg+xml", this.read("favicon.svg"));
    if (path === "/app.js") {
      const entry = ["main.ts", "main.js"].map((name) => join(this.folder, name)).find(existsSync);
      if (entry === undefined) return undefined;
      this.script ??= bundled(entry);
      return { type: "text/javascript; charset=utf-8", body: await this.script };
    }
    return undefined;
  }

  private read(name: string): Buffer | undefined {
    const file = join(this.folder, name);
    return existsSync(file) ? readFileSync(file) : undefined;
  }
}

function fileOf(type: string, body: Buffer | undefined): PageFile | undefined {
  return body && { type, body };
}

async function bundled(entry: string): Promise<Buffer> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "silent",
  });
  return Buffer.from(outputFiles[0]?.contents ?? []);
}
