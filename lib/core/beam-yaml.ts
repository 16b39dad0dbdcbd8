import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from "yaml";
import { appPath, searchedFolders } from "./app-path";
import { ValidationError } from "./validation";

/** A Beam YAML pipeline as it is uploaded. */
export interface BeamYaml {
  /** File name without extension. */
  readonly name: string;
  readonly text: string;
  /** Of the text. */
  readonly sha256: string;
  /** What Jinja reads in it: expressions and statements. */
  readonly code: string;
}

/** Most problems that an error lists. */
const MAX_LISTED = 10;

/*
 * Keys of Beam's own schema, apache_beam/yaml/pipeline.schema.yaml (2.77.0). What is inside
 * `config`, and which transforms there are, Beam knows alone.
 */
const PIPELINE = ["type", "windowing", "resource_hints", "transforms", "extra_transforms", "source", "sink"];
const NESTED = ["name", "input", "output"];
const LEAF = ["type", "name", "input", "output", "output_schema", "windowing", "resource_hints", "config"];

/**
 * Reads a Beam YAML pipeline and checks its form: YAML, and the keys of pipeline and transforms.
 *
 * @param path absolute, or relative to the working directory or the folder of cdktf.json
 * @throws ValidationError InvalidSource for a missing file; InvalidBeamPipeline that lists all
 *   problems with their lines
 */
export function readBeamYaml(path: string): BeamYaml {
  const file = appPath(path);
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new ValidationError(
      "InvalidSource",
      `Beam pipeline "${path}" does not exist; allowed is a YAML file, relative to ${searchedFolders()}`,
    );
  }
  const text = readFileSync(file, "utf8").replaceAll("\r\n", "\n");
  const problems = problemsOf(text);
  if (problems.length > 0) {
    const listed = problems.slice(0, MAX_LISTED).join("; ");
    const more = problems.length > MAX_LISTED ? ` and ${problems.length - MAX_LISTED} more` : "";
    throw new ValidationError("InvalidBeamPipeline", `Beam pipeline "${path}": ${listed}${more}`);
  }
  const name = basename(file).replace(/\.[^.]+$/, "");
  const code = (text.match(/\{\{.*?\}\}|\{%.*?%\}/gs) ?? []).join("\n");
  return { name, text, code, sha256: createHash("sha256").update(text).digest("hex") };
}

function problemsOf(text: string): string[] {
  const lines = new LineCounter();
  const document = parseDocument(withoutJinja(text), { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    return document.errors.map(({ message, pos }) => `line ${lines.linePos(pos[0]).line}: ${message}`);
  }
  const checker = new Checker((node) => lines.linePos(node?.range?.[0] ?? 0).line);
  checker.root(document.contents);
  return checker.problems;
}

/**
 * The text with Jinja's expressions as plain words and without its statements and comments. What
 * remains has the same lines.
 */
function withoutJinja(text: string): string {
  const blank = (match: string) => match.replace(/[^\n]/g, " ");
  return text
    .replace(/\{#.*?#\}/gs, blank)
    .replace(/\{%.*?%\}/gs, blank)
    .replace(/\{\{.*?\}\}/gs, (match) => match.replace(/[^\n]/g, "_"));
}

type Maybe = Node | null | undefined;

class Checker {
  readonly problems: string[] = [];

  constructor(private readonly lineOf: (node: Maybe) => number) {}

  root(node: Maybe): void {
    const pipeline = isMap(node) ? node.get("pipeline", true) : undefined;
    if (!isMap(pipeline)) {
      this.add(pipeline ?? node, "the file needs a mapping pipeline");
      return;
    }
    this.keys(pipeline, PIPELINE, "pipeline");
    this.nested(pipeline, "pipeline");
  }

  /** What has transforms of its own: a pipeline, a chain or a composite. */
  private nested(node: YAMLMap, what: string): void {
    const isChain = textOf(node, "type") === "chain";
    const transforms = node.get("transforms", true) as Maybe;
    const ends = ["source", "sink"].map((key) => node.get(key, true) as Maybe);
    if (!transforms && !ends.every(Boolean)) this.add(node, `${what} needs transforms, or source and sink`);
    for (const list of [transforms, node.get("extra_transforms", true) as Maybe]) {
      if (!list) continue;
      if (!isSeq(list)) this.add(list, `transforms of ${what} are no list`);
      else for (const item of list.items) this.transform(item as Maybe, isChain);
    }
    for (const end of ends) if (end) this.transform(end, isChain);
  }

  private transform(node: Maybe, inChain: boolean): void {
    const type = isMap(node) ? textOf(node, "type") : undefined;
    if (!isMap(node) || !type) {
      this.add(node, "a transform has no type");
      return;
    }
    const what = textOf(node, "name") ?? type;
    const isNested = type === "chain" || type === "composite";
    this.keys(node, isNested ? [...PIPELINE, ...NESTED] : LEAF, `transform ${what}`);
    if (inChain) {
      for (const key of ["input", "output"]) {
        if (node.has(key)) this.add(node.get(key, true) as Maybe, `${key} of ${what}; in a chain it is implicit`);
      }
    }
    if (isNested) this.nested(node, what);
    const config = node.get("config", true) as Maybe;
    if (config && !isMap(config)) this.add(config, `config of ${what} is no mapping`);
  }

  private keys(node: YAMLMap, allowed: readonly string[], what: string): void {
    for (const { key } of node.items) {
      const name = isScalar(key) ? String(key.value) : "";
      if (!allowed.includes(name)) this.add(key as Maybe, `${what} has "${name}"; allowed is ${allowed.join(", ")}`);
    }
  }

  private add(node: Maybe, what: string): void {
    this.problems.push(`line ${this.lineOf(node)}: ${what}`);
  }
}

function textOf(node: YAMLMap, key: string): string | undefined {
  const value = node.get(key);
  return typeof value === "string" ? value : undefined;
}
