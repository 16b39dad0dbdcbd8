import type { FakeGoogle } from "./fake-google";
import type { Built } from "./hostile-request";
import { SECRET } from "./hostile-values";
import type { RawReply } from "./raw-http";
import type { Folder, Target } from "./targets";

/** Largest answer in characters. */
const LARGEST_ANSWER = 300_000;
/** An object with an empty, "." or ".." segment in its name. */
const NO_NAME = /^gs:\/\/.*\/(\.{0,2})(\/|$)/;

/** What there was to see of one request. */
export interface Attack {
  readonly folder: Folder;
  readonly target: Target;
  readonly built: Built;
  /** Undefined when the request hung up. */
  readonly reply?: RawReply;
  readonly google: FakeGoogle;
  /** Objects before, each with its text. */
  readonly before: Readonly<Record<string, string>>;
  /** What was written to the console. */
  readonly output: readonly string[];
}

/** What must not be, whatever the request; empty when all is well. */
export function harmOf(attack: Attack): string[] {
  const { google, output, before, target, reply, built } = attack;
  const now = google.buckets.texts;
  return [
    ...(reply ? harmInAnswer(reply, built) : []),
    ...Object.keys(before)
      .filter((uri) => now[uri] !== before[uri])
      .map((uri) => `changed ${uri}`),
    ...Object.keys(now)
      .filter((uri) => NO_NAME.test(uri))
      .map((uri) => `wrote ${uri}`),
    ...google.requests.filter((line) => !target.mayAsk.test(line)).map((line) => `asked for ${line}`),
    ...[...google.logLines, ...output].filter((line) => line.includes(SECRET)).map((line) => `logged ${line}`),
    ...harmInDeadLetters(attack),
    ...(prototypes() === unpolluted ? [] : ["polluted a prototype"]),
  ];
}

/** Keys of what everything inherits from. */
function prototypes(): string {
  return [Object, Array, String, Function].flatMap(({ prototype }) => Reflect.ownKeys(prototype).map(String)).join();
}
const unpolluted = prototypes();

function harmInAnswer({ status, text, type }: RawReply, { isDelivery }: Built): string[] {
  const harm: string[] = [];
  if (status >= 500) harm.push(`answered ${status}`);
  // Anything but success would come again, though it can never succeed.
  else if (isDelivery && status >= 300) harm.push(`refused a delivery with ${status}: ${text}`);
  if (/^\s+at .*:\d+/m.test(text)) harm.push(`told its stack: ${text}`);
  if (text.length > LARGEST_ANSWER) harm.push(`answered with ${text.length} characters`);
  // HEAD has no body, and the framework answers some paths itself.
  if (status >= 400 && text !== "" && type.startsWith("application/json")) {
    const { code, message } = JSON.parse(text).error ?? {};
    if (!/^[a-z_]+$/.test(code) || !message) harm.push(`gave no reason: ${text}`);
  }
  return harm;
}

/** At most one; only for what looks like a delivery, as it came, with the reason. */
function harmInDeadLetters({ folder, target, built: { data, request, isDelivery }, reply, google }: Attack): string[] {
  const [letter, ...more] = google.published;
  if (!letter) return [];
  const header = (name: string) => request.headers.find(([key]) => key === `X-CloudTasks-${name}`)?.[1] ?? "";
  const isTask = /^[A-Za-z0-9_-]{1,500}$/.test(header("TaskName")) && /^[A-Za-z0-9-]{1,100}$/.test(header("QueueName"));
  const { deadLetterFunction, deadLetterReason = "", deadLetterMessage } = letter.attributes;
  const isRight = {
    "one dead letter": more.length === 0,
    "success for what is handed over": reply?.status === (target.calledBy === "message" ? 204 : 200),
    "a dead letter of a task alone": target.calledBy !== "task" || isTask,
    "the data as they came": !isDelivery || letter.data.equals(data),
    "the configured topic": letter.topic === "projects/my-project/topics/dead",
    "a reason": deadLetterFunction === folder && /^[a-z_]+$/.test(deadLetterReason) && Boolean(deadLetterMessage),
  };
  return Object.entries(isRight).flatMap(([what, right]) => (right ? [] : [`dead letter without ${what}`]));
}
