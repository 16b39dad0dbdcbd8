import { cloudStorage, type RunningStack, type StoredObject } from "@cdktf-serverless-ml/emulator";
import type { BindingLine, BucketList, ExecutionList, ObjectDetail, ObjectLine, ObjectList } from "../api-types";
import { NotFound } from "../errors";
import { viewOfAll } from "./body-view";
import { defined } from "./call-record";

const MOST_OBJECTS = 1_000;
const MOST_EXECUTIONS = 200;
const EMPTY = { size: 0, type: "text", text: "", cut: false } as const;

export function bucketsOf(running: RunningStack): BucketList {
  return { buckets: running.controls.state().buckets };
}

/** One folder of a bucket. */
export function objectsOf(running: RunningStack, bucket: string, prefix: string): ObjectList {
  const found = objectsIn(running, bucket).filter(({ name }) => name.startsWith(prefix));
  const folders = new Set<string>();
  const objects: ObjectLine[] = [];
  for (const object of found) {
    const slash = object.name.indexOf("/", prefix.length);
    if (slash >= 0) folders.add(object.name.slice(0, slash + 1));
    else objects.push(objectLine(object));
  }
  return {
    bucket,
    prefix,
    folders: [...folders],
    objects: objects.slice(0, MOST_OBJECTS),
    more: objects.length > MOST_OBJECTS,
  };
}

/** @throws NotFound */
export function objectOf(running: RunningStack, bucket: string, name: string): StoredObject {
  const found = objectsIn(running, bucket).find((object) => object.name === name);
  if (!found) throw new NotFound(`There is no object ${name} in the bucket ${bucket}`);
  return found;
}

export function objectDetail(object: StoredObject): ObjectDetail {
  const line = objectLine(object);
  return { ...line, content: viewOfAll(object.content, line.contentType) ?? EMPTY };
}

function objectsIn(running: RunningStack, bucket: string): StoredObject[] {
  const storage = running.service(cloudStorage);
  if (!storage.states().some(({ name }) => name === bucket)) throw new NotFound(`There is no bucket ${bucket}`);
  return storage.objects().filter((object) => object.bucket === bucket);
}

function objectLine({ name, content, metadata, updated, generation }: StoredObject): ObjectLine {
  const { contentType = "application/octet-stream" } = metadata;
  return { name, size: content.length, contentType, updated, generation: String(generation) };
}

export function executionsOf(running: RunningStack): ExecutionList {
  const newest = running.controls.state().executions.slice(-MOST_EXECUTIONS).reverse();
  return {
    executions: newest.map(({ argument, result, ...execution }) => ({
      ...execution,
      ...defined({ argument: viewOfAll(argument), result: viewOfAll(result ?? "") }),
      item: `execution ${execution.id}`,
    })),
  };
}

/** The bindings of a stack, without those that Google makes itself. */
export function bindingsOf({ parts, controls }: RunningStack): BindingLine[] {
  return parts.bindings
    .filter(({ address }) => !address.startsWith("granted by Google"))
    .map(({ address, role, member, resource }) => ({
      address,
      role,
      member,
      resource,
      withheld: controls.withheld.has(address),
    }));
}
