import * as fc from "fast-check";
import { anyJson, type ByteEdit, byteEdit, edit, editBytes, nastyText, oneIn } from "./hostile";
import { type FileRecipe, fileRecipe } from "./hostile-files";
import { blownUp, type Huge, huge, MIB } from "./hostile-huge";
import { headerText, type Transport, transport, usual } from "./hostile-transport";
import { SECRET } from "./hostile-values";
import { type Edit, edited, lookAlikes, render, type Tree, treeOf } from "./json-tree";
import type { RawRequest } from "./raw-http";
import { envelope } from "./serve";
import type { Delivery, Target } from "./targets";

/** How a valid request is spoilt. Small and printable; `build` makes the bytes. */
export interface Recipe {
  /** Which of the target's deliveries. */
  readonly sample: number;
  readonly payload: readonly Edit[];
  readonly payloadBytes: readonly ByteEdit[];
  /** Takes the payload's place. */
  readonly instead?: Tree | Uint8Array | Huge;
  /** Of Pub/Sub's envelope. */
  readonly envelope: readonly Edit[];
  readonly message?: Huge;
  readonly bodyBytes: readonly ByteEdit[];
  /** Of what a client uploaded before; undefined leaves it as it was. */
  readonly file?: FileRecipe;
  readonly task: TaskHeaders;
  readonly transport: Transport;
}

/** Headers of Cloud Tasks: as it sends them, made up, or none. */
type TaskHeaders = { genuine: true; retries: number } | { genuine: false; headers: [string, string][] };

const taskHeader = fc.constantFrom(
  ...["QueueName", "TaskName", "TaskRetryCount", "TaskExecutionCount", "TaskETA"].map((name) => `X-CloudTasks-${name}`),
);
const forged = fc.array(fc.tuple(taskHeader, headerText), { maxLength: 4 });

const instead = fc.oneof(
  { weight: 3, arbitrary: anyJson },
  { weight: 2, arbitrary: fc.oneof(nastyText, fc.uint8Array({ maxLength: 60 })) },
  { weight: 1, arbitrary: huge },
);

/** Requests near to valid ones: most are spoilt in one or two ways, some not at all. */
export function recipes({ calledBy }: Target): fc.Arbitrary<Recipe> {
  const some = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: 1, maxLength: 3 });
  const genuine = fc.record({
    genuine: fc.constant(true as const),
    retries: fc.constantFrom(0, 0, 0, 1, 2, 7, 10_000),
  });
  const made = fc.record({ genuine: fc.constant(false as const), headers: forged });
  return fc.record({
    sample: fc.nat(7),
    payload: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 2, arbitrary: some(edit) }),
    payloadBytes: oneIn(15, some(byteEdit), []),
    instead: oneIn(10, instead, undefined),
    envelope: calledBy === "message" ? oneIn(4, some(edit), []) : fc.constant([]),
    bodyBytes: calledBy === "message" ? oneIn(12, some(byteEdit), []) : fc.constant([]),
    file: oneIn(4, fileRecipe, undefined),
    task: oneIn(calledBy === "task" ? 4 : 2, made, undefined).chain<TaskHeaders>((headers) =>
      headers ? fc.constant(headers) : calledBy === "task" ? genuine : fc.constant({ genuine: false, headers: [] }),
    ),
    transport: oneIn(10, transport, usual),
  });
}

/** Each value of each delivery, and of an envelope, in turn replaced by all that look like it. */
export function lookAlikesOf(target: Target, deliveries: readonly Delivery[]): Recipe[] {
  const valid = unspoilt(target);
  return deliveries.flatMap(({ id, payload, attributes }, sample) => {
    const inside = lookAlikes(treeOf(payload)).map((edit): Recipe => ({ ...valid, sample, payload: [edit] }));
    if (target.calledBy !== "message" || sample > 0) return inside;
    const outside = lookAlikes(treeOf(envelope(payload, { id, attributes })));
    return [...inside, ...outside.map((edit): Recipe => ({ ...valid, sample, envelope: [edit] }))];
  });
}

/** Those near the limits, which chance would seldom meet. */
export function largest(target: Target): Recipe[] {
  const valid = unspoilt(target);
  const values = [0, 1, 2, 3, 4, 5, 6].map((field): Huge => ({ of: "numbers", bytes: 1_000_000, field }));
  const others = (["keys", "levels", "text"] as const).map((of): Huge => ({ of, bytes: 1_000_000, field: 0 }));
  const recipes = [...values, ...others].map((instead): Recipe => ({ ...valid, sample: 2, instead }));
  if (target.calledBy !== "message") return recipes;
  return [
    ...recipes,
    { ...valid, sample: 0, instead: { of: "text", bytes: 9_999_900, field: 0 } },
    { ...valid, sample: 0, message: { of: "keys", bytes: 10_000_000, field: 2 } },
  ];
}

function unspoilt({ calledBy }: Target): Omit<Recipe, "sample"> {
  const task = calledBy === "task" ? { genuine: true as const, retries: 0 } : { genuine: false as const, headers: [] };
  return { payload: [], payloadBytes: [], envelope: [], bodyBytes: [], task, transport: usual };
}

export interface Built {
  readonly request: RawRequest;
  /** What the payload, or the message's data, is. */
  readonly data: Buffer;
  /** True for what Cloud Tasks or Pub/Sub could have sent, whatever the payload. */
  readonly isDelivery: boolean;
}

export function build(recipe: Recipe, { calledBy }: Target, deliveries: readonly Delivery[]): Built {
  const delivery = deliveries[recipe.sample % deliveries.length] as Delivery;
  const data = editBytes(payloadOf(recipe, delivery), recipe.payloadBytes);
  const message = { id: delivery.id, attributes: delivery.attributes };
  const wrapped = () =>
    recipe.message
      ? `{"message":${blownUp(recipe.message, envelope(data, message).message)}}`
      : render(edited(treeOf(envelope(data, message)), recipe.envelope));
  const body = calledBy === "message" ? editBytes(Buffer.from(wrapped()), recipe.bodyBytes) : data;
  const { method, path, type, headers, framing } = recipe.transport;
  return {
    request: {
      method,
      path,
      body,
      framing,
      headers: [
        ["Authorization", `Bearer ${SECRET}`],
        ...(type === undefined ? [] : ([["Content-Type", type]] as const)),
        ...taskHeaders(recipe.task, delivery),
        ...headers,
      ],
    },
    data,
    isDelivery: recipe.transport === usual && (calledBy === "message" ? isMessage(recipe, data) : isTask(recipe, data)),
  };
}

function taskHeaders(task: TaskHeaders, { id }: Delivery): [string, string][] {
  if (!task.genuine) return task.headers;
  return [
    ["X-CloudTasks-QueueName", "my-queue"],
    ["X-CloudTasks-TaskName", id],
    ["X-CloudTasks-TaskRetryCount", String(task.retries)],
  ];
}

/** What is larger than a task may be is handed over as well, as long as it fits a message. */
function isTask({ task }: Recipe, data: Buffer): boolean {
  return task.genuine && data.length <= 8 * MIB;
}

function isMessage({ envelope, message, bodyBytes }: Recipe, data: Buffer): boolean {
  // Pub/Sub takes 10 MB, attributes included, and those of a dead letter have to fit, too.
  return envelope.length === 0 && !message && bodyBytes.length === 0 && data.length < 9_900_000;
}

function payloadOf({ instead, payload }: Recipe, delivery: Delivery): Buffer {
  if (instead === undefined) return Buffer.from(render(edited(treeOf(delivery.payload), payload)));
  if (instead instanceof Uint8Array) return Buffer.from(instead);
  if (typeof instead === "object" && "of" in instead) return Buffer.from(blownUp(instead, delivery.payload as object));
  return Buffer.from(render(instead));
}
