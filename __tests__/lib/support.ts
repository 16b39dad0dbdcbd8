import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, Testing } from "cdktf";
import type { IConstruct } from "constructs";
import { FunctionSource } from "../../lib/core/function-source";
import { validationErrors } from "../../lib/core/validation";
import { FunctionService, type FunctionServiceProps } from "../../lib/parts/function-service";
import { GoogleStack, type GoogleStackProps } from "../../lib/parts/google-stack";

export { captureTrace } from "../support/token-traces";

export type Json = { readonly [key: string]: unknown };

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new folder that is removed after the tests of the file. */
export function temporaryFolder(prefix = "serverless-ml-"): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  folders.push(folder);
  return folder;
}

let shared: string | undefined;

/** One output folder for all apps of a file whose output is not read. */
function sharedFolder(): string {
  shared ??= temporaryFolder();
  return shared;
}

/**
 * An app whose output folder is removed afterwards; other apps of the file write to it too, unless
 * it is given.
 */
export function testApp(context?: Json, outdir = sharedFolder()): App {
  return Testing.app({ outdir, stackTraces: false, context });
}

export function testStack(props: Partial<GoogleStackProps> = {}, id = "stack"): GoogleStack {
  return new GoogleStack(testApp(), id, { project: "acme-ml", region: "us-central1", ...props });
}

/** Every error below the root, as people read it: `[path] Code: detail`. */
export function errorsOf(root: IConstruct): string[] {
  return validationErrors(root).map(({ message }) => message);
}

/** Of a stack, its JSON when it had so many constructs. */
const known = new WeakMap<GoogleStack, { readonly constructs: number; readonly json: Json }>();

/**
 * The JSON of a stack, with cdktf's validations, without what changes with a function's code or the
 * provider's version. A stack is synthesized again only once it has more constructs: what changes
 * one that is there, such as an override, comes before the first call.
 */
export function synthesized(stack: GoogleStack): Json {
  const constructs = stack.node.findAll().length;
  const before = known.get(stack);
  if (before?.constructs === constructs) return before.json;
  const text = Testing.synth(stack, true).replace(/[0-9a-f]{64}/gi, "<sha256>");
  const { terraform, ...rest } = JSON.parse(text);
  const required_providers = Object.keys(terraform.required_providers).sort();
  const json = { ...rest, terraform: { ...terraform, required_providers } };
  known.set(stack, { constructs, json });
  return json;
}

/** What a snapshot shows of a stack: a workflow's definition is reviewed in its own file. */
export function reviewed(stack: GoogleStack): Json {
  return JSON.parse(
    JSON.stringify(synthesized(stack), (key, value) => (key === "source_contents" ? "<definition>" : value)),
  );
}

/**
 * What a JSON has otherwise than another: added and changed values, and `<gone>` for what it lacks.
 * Lists are values.
 */
export function differences(from: Json, to: Json): Json {
  const isObject = (value: unknown): value is Json =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  const entries = [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap((key): [string, unknown][] => {
    const [before, after] = [from[key], to[key]];
    if (JSON.stringify(before) === JSON.stringify(after)) return [];
    if (isObject(before) && isObject(after)) return [[key, differences(before, after)]];
    return [[key, after === undefined ? "<gone>" : after]];
  });
  return Object.fromEntries(entries);
}

/** `type name` of every resource of a stack, without the APIs and the grants. */
export function resourceList(stack: GoogleStack): string[] {
  const types = Object.entries((synthesized(stack).resource ?? {}) as Record<string, Record<string, Json>>);
  return types
    .filter(([type]) => type !== "google_project_service" && !type.includes("_iam_"))
    .flatMap(([type, byId]) =>
      Object.entries(byId).map(([id, { name, account_id }]) => `${type} ${name ?? account_id ?? id}`),
    )
    .sort();
}

/** Resources (or data sources) of a type, by logical id. */
export function byType(json: Json, type: string, block: "resource" | "data" = "resource"): Record<string, Json> {
  return ((json[block] as Json | undefined)?.[type] as Record<string, Json> | undefined) ?? {};
}

/** All resources of a type. */
export function all(stack: GoogleStack, type: string): Json[] {
  return Object.values(byType(synthesized(stack), type));
}

/** The resource of a type, or the one whose name, account id or the like is given. */
export function only(stack: GoogleStack, type: string, name?: string): Json {
  const found = all(stack, type).filter(
    (resource) => name === undefined || Object.values(resource).some((value) => value === name),
  );
  if (found.length !== 1) throw new Error(`${found.length} of ${type} ${name ?? ""}, expected one`);
  return found[0] as Json;
}

export const helloSource = FunctionSource.typescript(join(__dirname, "fixtures/hello"));

export const pythonSource = FunctionSource.directory(join(__dirname, "fixtures/python-worker"), {
  runtime: "python313",
  entryPoint: "main",
});

/** Environment variables of a function, by its name. */
export function environmentOf(stack: GoogleStack, name: string): Record<string, string> {
  const { service_config } = only(stack, "google_cloudfunctions2_function", name);
  return (service_config as Json).environment_variables as Record<string, string>;
}

/** A function with the smallest source. */
export function testFunction(
  stack: GoogleStack,
  id = "worker",
  props: Partial<FunctionServiceProps> = {},
): FunctionService {
  return new FunctionService(stack, id, { source: helloSource, ...props });
}

/** What an error says when it is thrown: `Code: detail`. */
export function thrownBy(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("nothing was thrown");
}

/**
 * The range of a number: what it is called in tests, how it is used, and what is said beyond its
 * ends.
 */
export interface Edges {
  readonly what: string;
  readonly create: (stack: GoogleStack, value: number) => unknown;
  readonly low: number;
  readonly high: number;
  /**
   * Values that are refused.
   * @default - one below the range and one above it
   */
  readonly beyond?: readonly number[];
  readonly errors: (value: number) => readonly string[];
}

/** Both ends of a range are allowed, and what lies beyond is reported. */
export function expectEdges({ create, low, high, beyond = [low - 1, high + 1], errors }: Edges): void {
  for (const value of [low, high, ...beyond]) {
    const stack = testStack();
    create(stack, value);
    expect(errorsOf(stack)).toEqual(beyond.includes(value) ? errors(value) : []);
  }
}
