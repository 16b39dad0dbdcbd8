/** `14:03:07.120`, of milliseconds since 1970, in UTC as the cloud's logs have it. */
export function clockTime(milliseconds: number): string {
  const time = new Date(milliseconds);
  return Number.isNaN(time.getTime()) ? "" : time.toISOString().slice(11, 23);
}

/** `2026-11-26 14:03:07`, in UTC. */
export function dateTime(milliseconds: number): string {
  const time = new Date(milliseconds);
  return Number.isNaN(time.getTime()) ? "" : time.toISOString().slice(0, 19).replace("T", " ");
}

const UNITS = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
] as const;

/** Two digits are enough to compare: `4 ms`, `1.2 s`, `25 min`. */
export function duration(milliseconds: number): string {
  for (const [size, unit] of UNITS) {
    if (milliseconds < size) continue;
    const value = milliseconds / size;
    return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
  }
  return `${milliseconds < 10 && milliseconds % 1 !== 0 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
}

/** `512 B`, `1.5 KiB`. */
export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  const exponent = Math.min(Math.floor(Math.log2(count) / 10), 4);
  const value = count / 1024 ** exponent;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${["B", "KiB", "MiB", "GiB", "TiB"][exponent]}`;
}

/** `12`, `3.4k`, `1.2M`: for places without room. */
export function shortCount(count: number): string {
  if (count < 1000) return String(count);
  const [value, unit] = count < 1_000_000 ? [count / 1000, "k"] : [count / 1_000_000, "M"];
  return `${value < 10 ? value.toFixed(1) : Math.round(value)}${unit}`;
}

/** `1 item`, `2 items`. */
export function counted(count: number, what: string, many = `${what}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? what : many}`;
}

/** What is before the @ of a service account. */
export function account(email: string): string {
  return email === "" ? "nobody" : (email.split("@")[0] ?? email);
}

/** A name without the stack's, with which the names of its resources begin. */
export function withoutStack(name: string, stack: string): string {
  return name.startsWith(`${stack}-`) ? name.slice(stack.length + 1) : name;
}

/**
 * `google.cloud.tasks.v2.CloudTasks/CreateTask` -> `CreateTask`; `storage.objects.get` ->
 * `objects.get`.
 */
export function shortMethod(method: string): string {
  return method.includes("/") ? method.slice(method.lastIndexOf("/") + 1) : method.replace(/^[a-z]+\.(?=.*\.)/, "");
}

/** Answers of Google's APIs by which programs find out what is there already. */
const EXPECTED = [404, 409, 412];

/** Whether a call failed. An API's "not there" and "there already" are no failures. 0: no answer. */
export function isFailure({ status, isWorker }: { readonly status?: number; readonly isWorker: boolean }): boolean {
  if (status === undefined || (!isWorker && EXPECTED.includes(status))) return false;
  return status === 0 || status >= 400;
}
