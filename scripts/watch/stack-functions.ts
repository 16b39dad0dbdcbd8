import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { RunningStack } from "@cdktf-serverless-ml/emulator";
import { block, readStack, StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { unzipSync } from "fflate";
import { BUNDLE_FILE, zip } from "../../lib/core/source-archive";
import type { UploadedFolder } from "./source-folders";

type Files = ReadonlyMap<string, Uint8Array>;

interface Uploaded {
  /** Of the object, without hash and extension: that of the folder or file that it was made of. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A function of a running stack, and the source that it runs. */
interface StackFunction {
  /** As it is deployed. */
  readonly name: string;
  /** Name of the folder that its code was bundled from. @default - it was not bundled */
  readonly bundled?: string;
  readonly uploaded: string;
  files: Files;
  sha256: string;
}

/** What runs containers: they read their code when they start, and nothing here can make them. */
const CONTAINERS = ["google_cloud_run_v2_service", "google_cloud_run_v2_worker_pool"];
const JSON_FILE = "cdk.tf.json";
/** Hashes in names of uploaded sources, which change with the code alone. */
const HASH = /(?<=[-/])[0-9a-f]{8,64}(?=\.zip|\/[^/"]+\.zip)/g;

/** Functions of a stack that runs, and how they get new code. */
export class StackFunctions {
  /** Whether it runs containers, too. */
  readonly hasContainers: boolean;
  private readonly functions: readonly StackFunction[];
  private readonly json: string;

  /** @param folder of the stack. Sources are relative to it */
  constructor(
    private readonly running: RunningStack,
    folder: string,
  ) {
    this.json = jsonOf(folder);
    this.hasContainers = CONTAINERS.some((type) => running.index.all(type).length > 0);
    this.functions = [...uploadedIn(running.index, folder)].map(([name, { name: uploaded, bytes }]) => {
      const files = new Map(Object.entries(unzipSync(bytes)));
      return { name, uploaded, bundled: bundledFrom(files), files, sha256: hashOf(bytes) };
    });
  }

  /** Names of the folders that code was bundled from. */
  get sources(): string[] {
    return [...new Set(this.functions.flatMap(({ bundled }) => bundled ?? []))];
  }

  /** Folders that were uploaded as they are. */
  get folders(): UploadedFolder[] {
    return this.functions
      .filter(({ bundled }) => bundled === undefined)
      .map(({ uploaded: name, files }) => ({ name, files: [...files.keys()] }));
  }

  /** Gives functions a new bundle. @returns their names @throws Error for code that does not run */
  async replace(source: string, code: Buffer): Promise<string[]> {
    return this.give(
      this.functions
        .filter(({ bundled }) => bundled === source)
        .map((own) => ({ own, files: new Map([...own.files, [BUNDLE_FILE, code]]) })),
    );
  }

  /** Whether more than code differs in a stack that was synthesized. @param folder of the stack */
  differsFrom(folder: string): boolean {
    return this.json !== jsonOf(folder);
  }

  /**
   * Gives functions the code that was synthesized, where they run other code.
   *
   * @param folder of the stack, which differs in code alone
   * @returns their names
   * @throws Error for code that does not run
   */
  async adopt(folder: string): Promise<string[]> {
    const synthesized = uploadedIn(StackIndex.of(readStack(folder)), folder);
    return this.give(
      this.functions.flatMap((own) => {
        const { bytes } = synthesized.get(own.name) ?? {};
        if (!bytes || hashOf(bytes) === own.sha256) return [];
        return [{ own, files: new Map(Object.entries(unzipSync(bytes))) }];
      }),
    );
  }

  private async give(given: readonly { readonly own: StackFunction; readonly files: Files }[]): Promise<string[]> {
    await Promise.all(
      given.map(async ({ own, files }) => {
        const folder = mkdtempSync(join(tmpdir(), "new-code-"));
        try {
          const file = join(folder, `${own.name}.zip`);
          writeFileSync(file, zip(own.bundled === undefined ? files : withoutBuild(files)).bytes);
          // It is unpacked, and an instance runs it, before this resolves.
          await this.running.controls.replaceFunction(own.name, file);
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
        Object.assign(own, { files, sha256: zip(files).sha256 });
      }),
    );
    return given.map(({ own }) => own.name);
  }
}

/** The sources of functions, by the functions' names. */
function uploadedIn(index: StackIndex, folder: string): Map<string, Uploaded> {
  const found = new Map<string, Uploaded>();
  for (const { attributes } of index.all("google_cloudfunctions2_function")) {
    const { object } = block(attributes, "build_config", "source", "storage_source") ?? {};
    const source = index.first("google_storage_bucket_object", ({ name }) => name === object)?.attributes.source;
    if (typeof source !== "string") continue;
    const name = String(object).replace(/(-[0-9a-f]{8,64})?\.zip$/, "");
    found.set(attributes.name, { name, bytes: readFileSync(resolve(folder, source)) });
  }
  return found;
}

function jsonOf(folder: string): string {
  return readFileSync(join(folder, JSON_FILE), "utf8").replace(HASH, "");
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What Google's build prepares would take longer here than it saves. */
function withoutBuild(files: Files): Files {
  const { scripts, ...manifest } = JSON.parse(Buffer.from(files.get("package.json") ?? []).toString());
  return new Map([...files, ["package.json", Buffer.from(JSON.stringify(manifest))]]);
}

/** A bundle's package has the name of the folder that it was made of. */
function bundledFrom(files: Files): string | undefined {
  const text = files.has(BUNDLE_FILE) ? files.get("package.json") : undefined;
  return text === undefined ? undefined : JSON.parse(Buffer.from(text).toString()).name;
}
