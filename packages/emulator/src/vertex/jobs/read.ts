import { ApiError } from "../../core/api-error";
import { isUnset, readText, readTexts, rejectUnknownFields } from "../../core/values";

// biome-ignore lint/suspicious/noExplicitAny: the shape of a message is the proto's.
export type Message = Readonly<Record<string, any>>;

/** Fields that only answers have. In a request they are ignored. */
export const OF_ANSWERS = [
  ...["name", "state", "createTime", "startTime", "endTime", "updateTime", "error", "satisfiesPzs", "satisfiesPzi"],
];

/**
 * The message of a field; an empty one where it was not given. Refuses fields that it does not
 * have.
 */
export function readMessage(given: unknown, where: string, fields: readonly string[]): Message {
  if (isUnset(given)) return {};
  if (typeof given !== "object" || Array.isArray(given)) throw invalid(where, given, "an object");
  rejectUnknownFields(given as object, fields, where);
  return given as Message;
}

export function readList(given: unknown, where: string): readonly unknown[] {
  if (isUnset(given)) return [];
  if (!Array.isArray(given)) throw invalid(where, given, "a list");
  return given;
}

export function readRequired(given: unknown, where: string): string {
  const text = readText(given, where);
  if (text === "") throw invalid(where, given, "a text");
  return text;
}

/** Characters. Source: google/cloud/aiplatform/v1/custom_job.proto, `CustomJob.display_name`. */
const LONGEST_NAME = 128;

export function readDisplayName(given: unknown): string {
  const name = readRequired(given, "displayName");
  if ([...name].length > LONGEST_NAME) throw invalid("displayName", name, `up to ${LONGEST_NAME} characters`);
  return name;
}

/**
 * Source: the same, `CustomJob.labels`. At most 64 of them:
 * cloud.google.com/resource-manager/docs/labels-overview
 */
const LABEL = /^[\p{Ll}\p{Lo}\p{N}_-]{0,64}$/u;
const MOST_LABELS = 64;

export function readLabels(given: unknown): Readonly<Record<string, string>> {
  const labels = readTexts(given, "labels");
  const count = Object.keys(labels).length;
  if (count > MOST_LABELS) throw invalid("labels", `${count} labels`, `up to ${MOST_LABELS}`);
  for (const text of Object.entries(labels).flat()) {
    if (LABEL.test(text)) continue;
    throw invalid("labels", text, "up to 64 characters, of lower-case letters, digits, _ and -");
  }
  if (Object.hasOwn(labels, "")) throw invalid("labels", "", "a key");
  return labels;
}

/** Refuses fields that the API has and that are not simulated. */
export function refuse(given: Message, where: string, fields: readonly string[]): void {
  const found = fields.find((field) => !isUnset(given[field]) && given[field] !== false);
  if (found === undefined) return;
  throw new ApiError("UNIMPLEMENTED", `${where === "" ? "" : `${where}.`}${found} is not simulated`);
}

export function invalid(field: string, given: unknown, allowed: string): ApiError {
  const text = String(JSON.stringify(given)).slice(0, 200);
  return new ApiError("INVALID_ARGUMENT", `Invalid value at '${field}': given ${text}; allowed: ${allowed}`);
}

/** Source: google/cloud/aiplatform/v1/machine_resources.proto, `MachineSpec`. */
const MACHINE = [
  "machineType",
  "acceleratorType",
  "acceleratorCount",
  "gpuPartitionSize",
  "tpuTopology",
  "reservationAffinity",
];

/** Checks a machine. None of its fields has an effect here. */
export function checkMachine(given: unknown, where: string): void {
  const { machineType, acceleratorType, acceleratorCount } = readMessage(given, where, MACHINE);
  readRequired(machineType, `${where}.machineType`);
  const count = Number(acceleratorCount ?? 0);
  const hasType = !isUnset(acceleratorType) && acceleratorType !== "ACCELERATOR_TYPE_UNSPECIFIED";
  if (!Number.isInteger(count) || count < 0 || hasType !== count > 0)
    throw invalid(`${where}.acceleratorCount`, acceleratorCount, "a number with an acceleratorType, none without");
}
