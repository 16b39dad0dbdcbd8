import { isBlock, type Json } from "./json";
import type { Finding } from "./model";

/** The top-level blocks that are read, with their number of labels. */
const LABELS: Readonly<Record<string, number>> = {
  terraform: 0,
  provider: 1,
  resource: 2,
  data: 2,
  output: 1,
  variable: 1,
  locals: 0,
  moved: 0,
};

/**
 * A configuration in one form: each block is at one place, without lists between it and its labels.
 */
export interface Configuration {
  /** By type and id. */
  readonly resource: Readonly<Record<string, Json>>;
  readonly data: Readonly<Record<string, Json>>;
  readonly output: Json;
  readonly variable: Json;
  readonly locals: Json;
  /** By provider; several if there are aliases. */
  readonly provider: Readonly<Record<string, readonly Json[]>>;
  readonly moved: readonly Json[];
  /** What is not read, by name. */
  readonly findings: readonly Finding[];
}

interface Block {
  readonly labels: readonly string[];
  readonly body: Json;
}

/**
 * In Terraform JSON, a list of objects can replace an object at every level: blocks, types, ids,
 * and the file itself. Their properties together are the block's. Source:
 * developer.hashicorp.com/terraform/language/syntax/json and github.com/hashicorp/hcl, json/spec.md
 * ("Blocks").
 */
export function configurationOf(json: unknown): Configuration {
  const findings: Finding[] = [];
  const report = (address: string, why: string) => findings.push({ address, attribute: "", why });
  const found = new Map<string, Block[]>(Object.keys(LABELS).map((name) => [name, []]));
  for (const file of Array.isArray(json) ? json : [json]) {
    if (!isBlock(file)) report("the file", "it is neither an object nor a list of objects");
    for (const [name, value] of isBlock(file) ? Object.entries(file) : []) {
      if (name === "//") continue;
      const labels = Object.hasOwn(LABELS, name) ? LABELS[name] : undefined;
      if (labels === undefined) report(name, `${name} is not understood`);
      else found.get(name)?.push(...blocks(value, labels, [name], report));
    }
  }
  const of = (name: string) => found.get(name) ?? [];
  const once = (name: string) => unique(of(name), `${name}.`, report);
  const typed = (name: string, prefix: string) => {
    const types = [...new Set(of(name).map(({ labels: [type = ""] }) => type))];
    const ofType = (type: string) =>
      of(name)
        .filter(({ labels }) => labels[0] === type)
        .map(({ labels, body }) => ({ labels: labels.slice(1), body }));
    return Object.fromEntries(types.map((type) => [type, unique(ofType(type), `${prefix}${type}.`, report)]));
  };
  return {
    resource: typed("resource", ""),
    data: typed("data", "data."),
    output: once("output"),
    variable: once("variable"),
    locals: locals(of("locals"), report),
    provider: grouped(of("provider")),
    moved: of("moved").map(({ body }) => body),
    findings,
  };
}

/** The blocks of a value. Their labels are the keys of the next levels. */
function blocks(value: unknown, labelsLeft: number, path: readonly string[], report: Report): Block[] {
  if (value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item) => blocks(item, labelsLeft, path, report));
  if (!isBlock(value)) {
    const place = path[0] === "resource" && path.length > 1 ? path.slice(1) : path;
    report(
      place.join("."),
      labelsLeft === 0 && path.length > 1 ? "its configuration is not an object" : "it is not an object",
    );
    return [];
  }
  if (labelsLeft === 0) return [{ labels: path.slice(1), body: value }];
  // A comment is not a label.
  const labels = Object.entries(value).filter(([label, inner]) => label !== "//" || isBlock(inner));
  return labels.flatMap(([label, inner]) => blocks(inner, labelsLeft - 1, [...path, label], report));
}

type Report = (address: string, why: string) => void;

/** Blocks by their last label. A second block with the same label is a finding. */
function unique(found: readonly Block[], prefix: string, report: Report): Json {
  const byLabel = new Map<string, Json>();
  for (const { labels, body } of found) {
    const label = labels.at(-1) ?? "";
    if (byLabel.has(label)) report(`${prefix}${label}`, "it is declared more than once");
    byLabel.set(label, body);
  }
  return Object.fromEntries(byLabel);
}

function locals(found: readonly Block[], report: Report): Json {
  const entries = found.flatMap(({ body }) => Object.entries(body)).filter(([name]) => name !== "//");
  return unique(
    entries.map(([name, value]) => ({ labels: [name], body: value })),
    "local.",
    report,
  );
}

function grouped(found: readonly Block[]): Record<string, Json[]> {
  const byLabel = new Map<string, Json[]>();
  for (const { labels, body } of found) {
    const label = labels[0] ?? "";
    byLabel.set(label, [...(byLabel.get(label) ?? []), body]);
  }
  return Object.fromEntries(byLabel);
}
