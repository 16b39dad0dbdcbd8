import type { GoogleApi } from "../shared/google-api";
import { shortHash } from "../shared/hash";
import { countOf, REDRIVE_COUNT, REDRIVE_TASK, type RedriveAttributes } from "../shared/redrive";
import { createTask, PLACEHOLDER_URL } from "../shared/tasks";
import type { Origin } from "./environment";
import type { Letter } from "./kept-letters";

export interface WayBack {
  /** What the task or message was at first. */
  readonly identity: string;
  /** How often it is put back, this time included. */
  readonly redrives: number;
  /** Puts the letter back. Several calls for one letter have the effect of one. */
  readonly put: (google: GoogleApi) => Promise<unknown>;
}

const MAX_TASK_ID = 500;

/** Attributes that workers and Pub/Sub add to a dead letter, and those of an earlier redrive. */
const ADDED = new Set([
  "deadLetterReason",
  "deadLetterMessage",
  "deadLetterSource",
  "deadLetterFunction",
  "deadLetterService",
  "deadLetterQueue",
  "deadLetterTask",
  "deadLetterAttempts",
  "deadLetterMessageId",
  "deadLetterRedrives",
  "CloudPubSubDeadLetterSourceDeliveryCount",
  "CloudPubSubDeadLetterSourceSubscription",
  "CloudPubSubDeadLetterSourceSubscriptionProject",
  "CloudPubSubDeadLetterSourceTopicPublishTime",
  "redriveMessageId",
  "redrivePublishTime",
  "redriveCount",
]);

/** @returns why the letter must stay, where its origin is not known. */
export function wayBack(letter: Letter, origin: Origin): WayBack | string {
  const { deadLetterSource: source, CloudPubSubDeadLetterSourceSubscription: subscription } = letter.attributes;
  if (subscription !== undefined && source !== "cloudtasks") return asMessage(letter, origin, subscription);
  if (source === "cloudtasks" || letter.attributes.deadLetterTask !== undefined) return asTask(letter, origin);
  return "unknown origin: it has neither deadLetterTask nor CloudPubSubDeadLetterSourceSubscription";
}

function asTask(letter: Letter, { kept, queues }: Origin): WayBack | string {
  const { deadLetterQueue, deadLetterService, deadLetterTask, deadLetterRedrives } = letter.attributes;
  const queue = deadLetterQueue === undefined ? onlyOf(queues) : own(queues, deadLetterQueue);
  if (!queue) return `unknown origin: ${named("queue", deadLetterQueue)} is not of this stack`;
  const worker = own(queue.workers, deadLetterService ?? "") ?? onlyOf(queue.workers);
  if (!worker)
    return `unknown origin: ${named("service", deadLetterService)} is no worker of the queue ${deadLetterQueue}`;
  const redrives = countOf(deadLetterRedrives) + 1;
  const isTaskId = /^[A-Za-z0-9_-]{1,500}$/.test(deadLetterTask ?? "");
  // Named after the letter: a crash before the acknowledgement makes no second task. A name of the
  // old task's alone could be that of another letter, which would then be lost.
  const id = [shortHash(kept, letter.id), "redrive", redrives, ...(isTaskId ? [deadLetterTask] : [])].join("-");
  const put = (google: GoogleApi) =>
    createTask(google, queue.name, {
      id: id.slice(0, MAX_TASK_ID),
      url: worker.url ?? PLACEHOLDER_URL,
      payload: Buffer.from(letter.data, "base64"),
      headers: { [REDRIVE_COUNT]: String(redrives), ...(isTaskId && { [REDRIVE_TASK]: String(deadLetterTask) }) },
      deadlineSeconds: worker.deadlineSeconds,
      tokenIdentity: queue.tokenIdentity,
    });
  return { identity: `task ${queue.name} ${deadLetterTask ?? letter.id}`, redrives, put };
}

function asMessage(letter: Letter, { topics }: Origin, subscription: string): WayBack | string {
  const topic = own(topics, subscription);
  if (!topic) return `unknown origin: ${named("subscription", subscription)} is not of this stack`;
  const { attributes, data, orderingKey } = letter;
  const redrives = countOf(attributes.redriveCount ?? attributes.deadLetterRedrives) + 1;
  const redrive: RedriveAttributes = {
    // A message that Pub/Sub itself forwards does not say which id it had.
    redriveMessageId: attributes.redriveMessageId ?? attributes.deadLetterMessageId ?? letter.id,
    redrivePublishTime: publishTimeOf(letter),
    redriveCount: String(redrives),
  };
  // Pub/Sub refuses keys that begin with "goog" from publishers.
  const theirs = Object.entries(attributes).filter(([key]) => !ADDED.has(key) && !key.startsWith("goog"));
  const put = (google: GoogleApi) =>
    google({
      method: "POST",
      url: `https://pubsub.googleapis.com/v1/${topic}:publish`,
      // The worker tells the same message by its redriveMessageId.
      idempotent: true,
      body: { messages: [{ data, attributes: { ...Object.fromEntries(theirs), ...redrive }, orderingKey }] },
    });
  return { identity: `message ${topic} ${redrive.redriveMessageId}`, redrives, put };
}

/**
 * When the message was published at first, as push envelopes have it: in UTC. Pub/Sub's own letters
 * may have an offset.
 */
function publishTimeOf({ attributes, publishTime }: Letter): string {
  const given = attributes.redrivePublishTime ?? attributes.CloudPubSubDeadLetterSourceTopicPublishTime ?? "";
  const time = Date.parse(given);
  if (Number.isNaN(time)) return publishTime;
  return given.endsWith("Z") ? given : new Date(time).toISOString();
}

/** The value of an own key. Letters choose the key. */
function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function onlyOf<T>(table: Readonly<Record<string, T>>): T | undefined {
  const [only, ...others] = Object.values(table);
  return others.length === 0 ? only : undefined;
}

function named(what: string, name: string | undefined): string {
  return name === undefined ? `its ${what}, which it does not name,` : `the ${what} ${name}`;
}
