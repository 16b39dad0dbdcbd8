import { ApiError } from "../../core/api-error";

/** What a filter can ask of a job. */
export interface Filtered {
  readonly displayName: string;
  readonly state: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly labels: Readonly<Record<string, string>>;
}

type Test = (job: Filtered) => boolean;

const QUOTED = /"(?:[^"\\]|\\.)*"/;
const COMPARISON = new RegExp(
  String.raw`^(NOT\s+)?(labels\.)?([\w-]+)\s*(!=|<=|>=|=|<|>|:)\s*(${QUOTED.source}|[^\s"()]+)$`,
);

/**
 * Reads the filter of a list: comparisons, negated by `NOT` and joined by `AND`.
 *
 * Source: google/cloud/aiplatform/v1/job_service.proto, `ListCustomJobsRequest.filter`
 *
 * @throws ApiError INVALID_ARGUMENT; UNIMPLEMENTED for `OR` and parentheses
 */
export function readFilter(filter: string): Test {
  if (filter.trim() === "") return () => true;
  const outside = filter.replace(new RegExp(QUOTED.source, "g"), '""');
  if (/[()]|\sOR\s/.test(outside))
    throw new ApiError("UNIMPLEMENTED", `OR and parentheses in a filter are not simulated: ${filter}`);
  const tests = parts(filter).map(readComparison);
  return (job) => tests.every((test) => test(job));
}

/** What stands between `AND`s outside of quotes. */
function parts(filter: string): string[] {
  const found = filter.match(new RegExp(`(?:${QUOTED.source}|(?!\\sAND\\s)[\\s\\S])+`, "g")) ?? [];
  return found.map((part) => part.replace(/^\s*AND\s/, "").trim());
}

function readComparison(text: string): Test {
  const [, not, ofLabels, field = "", operator = "", given = ""] = COMPARISON.exec(text) ?? [];
  const value = given.startsWith('"') ? given.slice(1, -1).replace(/\\(.)/g, "$1") : given;
  const test = ofLabels ? labelTest(field, operator, value) : fieldTest(field, operator, value);
  if (!test) {
    throw new ApiError(
      "INVALID_ARGUMENT",
      `Invalid filter ${JSON.stringify(text)}; allowed: display_name (=, !=, :), state (=, !=), create_time (=, !=, <, <=, >, >=), labels.KEY=VALUE and labels.KEY:*`,
    );
  }
  return not ? (job) => !test(job) : test;
}

function labelTest(key: string, operator: string, value: string): Test | undefined {
  if (operator === "=") return ({ labels }) => labels[key] === value;
  if (operator === ":" && value === "*") return ({ labels }) => Object.hasOwn(labels, key);
  return undefined;
}

function fieldTest(field: string, operator: string, value: string): Test | undefined {
  if (field === "create_time") return timeTest(operator, Date.parse(value));
  if (field === "display_name" && operator === ":") {
    const wildcard = new RegExp(`^${value.split("*").map(escaped).join(".*")}$`, "s");
    return ({ displayName }) => wildcard.test(displayName);
  }
  const read = { display_name: (job: Filtered) => job.displayName, state: (job: Filtered) => job.state }[field];
  if (!read) return undefined;
  if (operator === "=") return (job) => read(job) === value;
  return operator === "!=" ? (job) => read(job) !== value : undefined;
}

function timeTest(operator: string, time: number): Test | undefined {
  if (Number.isNaN(time)) return undefined;
  const tests: Readonly<Record<string, Test>> = {
    "=": ({ created }) => created === time,
    "!=": ({ created }) => created !== time,
    "<": ({ created }) => created < time,
    "<=": ({ created }) => created <= time,
    ">": ({ created }) => created > time,
    ">=": ({ created }) => created >= time,
  };
  return tests[operator];
}

const escaped = (text: string) => text.replace(/[\\^$.+?()[\]{}|*]/g, "\\$&");
