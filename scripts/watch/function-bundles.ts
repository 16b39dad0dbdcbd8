import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type BuildContext, context } from "esbuild";
import { bundleOptions } from "../../lib/core/bundle";

interface Kept {
  readonly building: BuildContext<ReturnType<typeof bundleOptions>>;
  /** Absolute paths. */
  files: ReadonlySet<string>;
  code: Buffer;
}

/** A function whose code has changed. */
export interface Rebuilt {
  /** Name of its folder. */
  readonly name: string;
  readonly code: Buffer;
}

/** The bundles of functions. esbuild keeps what it has read, so that one file costs little. */
export class FunctionBundles {
  private readonly kept = new Map<string, Kept>();

  /** @param folder of the functions, each in a folder of its own */
  constructor(private readonly folder: string) {}

  /** Bundles functions for the first time. @throws BuildFailure */
  async read(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const entry = resolve(this.folder, name, "index.ts");
      if (this.kept.has(name) || !existsSync(entry)) continue;
      const building = await context(bundleOptions([entry]));
      this.kept.set(name, { building, ...(await built(building)) });
    }
  }

  /** Bundles anew what has one of these files in it. @throws BuildFailure for code that does not bundle */
  async rebuild(changed: ReadonlySet<string>): Promise<Rebuilt[]> {
    const stale = [...this.kept].filter(([, { files }]) => [...changed].some((file) => files.has(file)));
    const found = await Promise.all(
      stale.map(async ([name, kept]): Promise<Rebuilt[]> => {
        const { code, files } = await built(kept.building);
        kept.files = files;
        if (code.equals(kept.code)) return [];
        kept.code = code;
        return [{ name, code }];
      }),
    );
    return found.flat();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.kept.values()].map(({ building }) => building.dispose()));
  }
}

async function built(building: Kept["building"]): Promise<Pick<Kept, "files" | "code">> {
  const { outputFiles, metafile } = await building.rebuild();
  return {
    files: new Set(Object.keys(metafile.inputs).map((file) => resolve(file))),
    code: Buffer.from(outputFiles[0]?.contents ?? []),
  };
}
