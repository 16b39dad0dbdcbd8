import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cloudStorage, type RunningStack } from "@cdktf-serverless-ml/emulator";
import { InputError } from "../shared/scenario";

/** @throws InputError where the folder holds something, so that nothing is written over */
export function requireEmpty(folder: string): void {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw new InputError(`${folder} cannot be written to: ${(error as Error).message}`);
  }
  if (names.length > 0)
    throw new InputError(`Given --output ${folder}, which is not empty; allowed: a new or an empty folder`);
}

/**
 * Writes what the stack's buckets hold to `<folder>/<bucket>/<object>`, but for what its Terraform puts there.
 *
 * @returns the number of files
 */
export function saveBuckets(running: RunningStack, folder: string): number {
  const declared = new Set(
    running.named("google_storage_bucket_object").map(({ attributes }) => `${attributes.bucket}/${attributes.name}`),
  );
  const objects = running
    .service(cloudStorage)
    .objects()
    .filter(({ bucket, name }) => !declared.has(`${bucket}/${name}`));
  const names = new Set(objects.map(({ bucket, name }) => `${bucket}/${name}`));
  for (const { bucket, name, content } of objects) {
    // An object may be called as the folder of others is; a file cannot.
    const isFolderToo = [...names].some((other) => other.startsWith(`${bucket}/${name}/`));
    const file = join(folder, bucket, ...name.split("/").map(fileName)) + (isFolderToo ? "%" : "");
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return objects.length;
}

/** A segment of an object's name, percent-encoded where it would lead elsewhere or is no name of a file on all systems. */
function fileName(segment: string): string {
  if (segment === "") return "%";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: names of objects may hold some.
  const plain = segment.replace(/[%\\:*?"<>|\u0000-\u001f\u007f]/g, (character) => encodeURIComponent(character));
  return plain.replace(/^\.+$|\.$| $/, (match) =>
    [...match].map((character) => (character === "." ? "%2E" : "%20")).join(""),
  );
}
