import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { whenProcessEnds } from "../core/when-process-ends";
import type { BucketMount } from "../run/container";
import { type Mounted, mount, type Objects } from "../run/mounts";

/** Copies of mounted buckets, one for each process, in a folder that is made for the first one. */
export class MountFolders {
  private folder?: string;
  private forget = () => {};

  constructor(private readonly objects: Objects) {}

  mount(mounts: readonly BucketMount[], environment: Readonly<Record<string, string>>): Mounted {
    if (this.folder === undefined) {
      this.folder = mkdtempSync(join(tmpdir(), "local-jobs-"));
      this.forget = whenProcessEnds(() => this.remove());
    }
    return mount(mounts, environment, this.objects, this.folder);
  }

  remove(): void {
    this.forget();
    if (this.folder !== undefined) rmSync(this.folder, { recursive: true, force: true });
    this.folder = undefined;
  }
}
