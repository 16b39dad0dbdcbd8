/**
 * Structured logs: one line of JSON each, in Cloud Logging's format. Never pass payloads or tokens.
 */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  /** The entry contains the stack of `error`, by which Error Reporting groups errors. */
  error(message: string, error: unknown, fields?: LogFields): void;
  /** Returns a log that adds `fields` to all entries. */
  with(fields: LogFields): Log;
}

export type LogFields = Record<string, string | number | boolean | undefined>;

/**
 * @param fields that every entry contains; `component` names the function.
 * @param write takes one line, newline included. Default: standard output.
 */
export function createLog(
  fields: LogFields,
  write: (line: string) => void = (line) => process.stdout.write(line),
): Log {
  const entry = (severity: string, message: string, more: LogFields = {}) =>
    write(`${JSON.stringify({ severity, message, ...fields, ...more })}\n`);
  return {
    info: (message, more) => entry("INFO", message, more),
    warning: (message, more) => entry("WARNING", message, more),
    error: (message, error, more) =>
      entry("ERROR", `${message}: ${error instanceof Error ? error.stack : String(error)}`, more),
    with: (more) => createLog({ ...fields, ...more }, write),
  };
}

/**
 * The fields that link an entry to the request's trace, from `traceparent` or
 * `X-Cloud-Trace-Context`.
 */
export function traceFields(
  headers: Record<string, string | string[] | undefined>,
  project: string | undefined,
): LogFields {
  const parent = /^00-([0-9a-f]{32})-([0-9a-f]{16})-/.exec(String(headers.traceparent));
  const google = /^([0-9a-f]{32})(?:\/(\d{1,20}))?/.exec(String(headers["x-cloud-trace-context"]));
  const trace = parent?.[1] ?? google?.[1];
  if (!trace || !project) return {};
  return {
    "logging.googleapis.com/trace": `projects/${project}/traces/${trace}`,
    "logging.googleapis.com/spanId": parent?.[2] ?? (google?.[2] && hex(google[2])),
  };
}

/** `X-Cloud-Trace-Context` has a decimal span id. Cloud Logging requires 16 hex digits. */
const hex = (span: string) => BigInt(span).toString(16).padStart(16, "0");
