import { isAbsolute } from "node:path";

/** Terraform JSON of a stack, as cdktf writes it. */
export interface StackJson {
  readonly terraform?: { readonly backend?: Readonly<Record<string, unknown>> };
  readonly resource?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly data?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly [block: string]: unknown;
}

/**
 * What neither the compiler nor cdktf sees: values that were changed while they were tokens, paths of this machine, a
 * missing backend. Each finding names the place.
 */
export function jsonFindings(json: StackJson): string[] {
  const findings: string[] = [];
  if (Object.keys(json.terraform?.backend ?? {}).length === 0) {
    findings.push("terraform.backend is missing: state would go to a path that depends on the folder");
  }
  visit(json, "", findings);
  return findings;
}

function visit(value: unknown, path: string, findings: string[]): void {
  if (typeof value === "string") {
    const problem = textProblem(value, path);
    if (problem) findings.push(`${path} ${problem}: ${value.slice(0, 120)}`);
  } else if (typeof value === "number") {
    if (Math.abs(value) > 1e200) findings.push(`${path} is a number token that arithmetic has touched: ${value}`);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      // Comments that cdktf writes for people.
      if (key !== "//") visit(item, path ? `${path}.${key}` : key, findings);
    }
  }
}

function textProblem(text: string, path: string): string | undefined {
  if (/TfToken\[|TOKEN\[/i.test(text)) return "holds a token that string methods have touched";
  if (/e\+(29\d|30\d)/.test(text)) return "holds a number token that was made a string";
  if (path.includes("replace_triggered_by") && text.includes("${")) return "holds ${…}, which Terraform refuses there";
  if (/\bundefined\b|\[object Object\]|\bNaN\b/.test(text) && !path.endsWith("source_contents"))
    return "holds a missing value";
  if (isAbsolute(text) && !isUrlPath(path)) return "is an absolute path, which differs from machine to machine";
  return undefined;
}

/** Places where a leading slash is the path of a URL. */
function isUrlPath(path: string): boolean {
  return /\.path_override(\.\d+)?\.path$/.test(path);
}
