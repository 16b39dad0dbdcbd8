import { readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { counted } from "@cdktf-serverless-ml/cli";

interface StackJson {
  readonly resource?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
}

/** One stack in words: the path of its JSON, its functions, its resources. */
export function describe(stack: string, folder: string): string {
  const file = join(folder, "cdk.tf.json");
  const { resource = {} } = JSON.parse(readFileSync(file, "utf8")) as StackJson;
  const types = Object.entries(resource).map(
    ([type, byId]) => [type.replace(/^google_/, ""), Object.keys(byId).length] as const,
  );
  const total = types.reduce((sum, [, count]) => sum + count, 0);

  return [
    `${stack}  ${counted(total, "resource")}  ${relative(".", file)}`,
    table("  functions", functions(folder, resource)),
    table("  resources", wrap(types.map(([type, count]) => `${count} ${type}`))),
  ].join("\n");
}

/** Name and size of the bundle of each function. */
function functions(folder: string, resource: NonNullable<StackJson["resource"]>): string[] {
  const objects = resource.google_storage_bucket_object ?? {};
  return Object.values(resource.google_cloudfunctions2_function ?? {}).map((fn) => {
    const reference = JSON.stringify(fn.build_config);
    const id = Object.keys(objects).find((candidate) =>
      reference.includes(`google_storage_bucket_object.${candidate}.`),
    );
    const source = id === undefined ? undefined : objects[id]?.source;
    const size = typeof source === "string" ? `${Math.ceil(statSync(join(folder, source)).size / 1024)} KiB` : "";
    return `${String(fn.name).padEnd(36)} ${size.padStart(8)}`;
  });
}

/** A heading with lines beside it. */
function table(heading: string, lines: readonly string[]): string {
  return lines.map((line, index) => `${(index === 0 ? heading : "").padEnd(14)}${line}`).join("\n");
}

/** Joins items to lines of up to 100 characters. */
function wrap(items: readonly string[]): string[] {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + item.length < 98) lines[lines.length - 1] = `${last}, ${item}`;
    else lines.push(item);
  }
  return lines;
}
