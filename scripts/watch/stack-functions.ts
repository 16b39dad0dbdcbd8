import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { RunningStack } from "@cdktf-serverless-ml/emulator";
import { block } from "@cdktf-serverless-ml/terraform-json";
import { unzipSync } from "fflate";
import { zip } from "../../lib/core/source-archive";

/** A function of a running stack that was bundled from a folder of this project. */
interface StackFunction {
  /** As it is deployed. */
  readonly name: string;
  /** Name of its folder. */
  readonly source: string;
  /** By name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Functions of a stack that runs, and how they get new code. */
export class StackFunctions {
  private readonly functions: readonly StackFunction[];
  private readonly temporary = mkdtempSync(join(tmpdir(), "new-code-"));
  private count = 0;

  /** @param folder of the stack. Sources are relative to it */
  constructor(
    private readonly running: RunningStack,
    folder: string,
  ) {
    const { index } = running;
    this.functions = index.all("google_cloudfunctions2_function").flatMap(({ attributes }): StackFunction[] => {
      const { object } = block(attributes, "build_config", "source", "storage_source") ?? {};
      const uploaded = index.first("google_storage_bucket_object", ({ name }) => name === object);
      if (typeof uploaded?.attributes.source !== "string") return [];
      const files = new Map(Object.entries(unzipSync(readFileSync(resolve(folder, uploaded.attributes.source)))));
      const source = sourceOf(files);
      return source === undefined ? [] : [{ name: attributes.name, source, files: withoutBuild(files) }];
    });
    running.onStop(async () => rmSync(this.temporary, { recursive: true, force: true }));
  }

  /** Names of their folders. */
  get sources(): string[] {
    return [...new Set(this.functions.map(({ source }) => source))];
  }

  /** Gives functions new code. @returns their names @throws Error for code that does not run */
  async replace(source: string, code: Buffer): Promise<string[]> {
    const own = this.functions.filter((each) => each.source === source);
    await Promise.all(
      own.map(async ({ name, files }) => {
        const file = join(this.temporary, `${name}-${++this.count}.zip`);
        writeFileSync(file, zip(new Map([...files, ["index.js", code]])).bytes);
        await this.running.controls.replaceFunction(name, file);
      }),
    );
    return own.map(({ name }) => name);
  }
}

/** What Google's build prepares would take longer here than it saves. */
function withoutBuild(files: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> {
  const { scripts, ...manifest } = JSON.parse(Buffer.from(files.get("package.json") ?? []).toString());
  return new Map([...files, ["package.json", Buffer.from(JSON.stringify(manifest))]]);
}

/** A bundle's package has the name of the folder that it was made of. */
function sourceOf(files: ReadonlyMap<string, Uint8Array>): string | undefined {
  const text = files.has("index.js") ? files.get("package.json") : undefined;
  return text === undefined ? undefined : JSON.parse(Buffer.from(text).toString()).name;
}
