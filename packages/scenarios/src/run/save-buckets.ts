import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cloudStorage, type RunningStack } from "@cdktf-serverless-ml/emulator";
import { InputError } from "../shared/scenario";

/** @throws InputError if the folder is not empty, so that no file is overwritten */
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
 * Writes the objects of the stack's buckets to `<folder>/<bucket>/<object>`, without those that
 * Terraform creates.
 *
 * @returns the number of objects
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
    // An object and a folder of others may have the same name. Files cannot.
    const isFolderToo = [...names].some((other) => other.startsWith(`${bucket}/${name}/`));
    const file = join(folder, bucket, ...name.split("/").map(fileName)) + (isFolderToo ? "%" : "");
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return objects.length;
}

/**
 * A segment of an object's name. Characters that a file name cannot have on every system are
 * percent-encoded.
 */
function fileName(segment: string): string {
  if (segment === "") return "%";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: object names may contain them.
  const plain = segment.replace(/[%\\:*?"<>|\u0000-\u001f\u007f]/g, (character) => encodeURIComponent(character));
  return plain.replace(/^\.+$|\.$| $/, (match) =>
    [...match].map((character) => (character === "." ? "%2E" : "%20")).join(""),
  );
}
