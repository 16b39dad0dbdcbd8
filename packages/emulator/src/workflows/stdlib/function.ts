import { raised } from "../errors";
import { isList, isMap, isNumber, typeOf, type Value, type WorkflowMap } from "../values";

export type FunctionSignature = readonly { readonly name: string; readonly optional: boolean }[];

/** What functions can do beyond calculating. */
export interface StandardContext {
  /** Seconds since 1970. */
  now(): number;
  environment(name: string): string | undefined;
  /** @throws Cancelled */
  sleep(seconds: number, signal: AbortSignal): Promise<void>;
  log(severity: string, data: Value): void;
  /** A call step began, ended, or raised an error. */
  logCall(event: "call" | "return" | "exception", called: string): void;
  /** @throws RaisedError */
  send(request: HttpRequest): Promise<HttpResponse>;
  /** @throws RaisedError AuthError */
  accessToken(): string;
  idToken(audience: string): string;
}

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Seconds. */
  readonly timeout: number;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A call's arguments, which know of what type they must be. */
export class Args {
  constructor(
    private readonly name: string,
    private readonly given: ReadonlyMap<string, Value>,
    readonly signal: AbortSignal,
  ) {}

  has(name: string): boolean {
    return this.given.has(name);
  }

  any(name: string): Value {
    return this.given.get(name) ?? null;
  }

  text(name: string): string {
    const value = this.any(name);
    return typeof value === "string" ? value : this.wrong(name, "string");
  }

  integer(name: string): bigint {
    const value = this.any(name);
    return typeof value === "bigint" ? value : this.wrong(name, "integer");
  }

  number(name: string): bigint | number {
    const value = this.any(name);
    return isNumber(value) ? value : this.wrong(name, "number");
  }

  boolean(name: string): boolean {
    const value = this.any(name);
    return typeof value === "boolean" ? value : this.wrong(name, "boolean");
  }

  list(name: string): readonly Value[] {
    const value = this.any(name);
    return isList(value) ? value : this.wrong(name, "list");
  }

  map(name: string): WorkflowMap {
    const value = this.any(name);
    return isMap(value) ? value : this.wrong(name, "map");
  }

  bytes(name: string): Buffer {
    const value = this.any(name);
    return Buffer.isBuffer(value) ? value : this.wrong(name, "bytes");
  }

  /** Texts as UTF-8. */
  bytesOrText(name: string): Buffer {
    const value = this.any(name);
    return typeof value === "string" ? Buffer.from(value) : this.bytes(name);
  }

  wrong(name: string, expected: string): never {
    throw raised("TypeError", `${this.name}: argument ${name} must be ${expected}, not ${typeOf(this.any(name))}`);
  }
}

export interface StandardFunction {
  readonly signature: FunctionSignature;
  /** Allowed in a call step only. Source: docs/reference/syntax/expressions. */
  readonly blocking: boolean;
  readonly run: (args: Args, context: StandardContext) => Value | Promise<Value>;
}

export type Library = Readonly<Record<string, StandardFunction>>;

/** @param parameters their names, with a question mark those that may be left out */
export function pure(parameters: string, run: StandardFunction["run"]): StandardFunction {
  return { signature: signature(parameters), blocking: false, run };
}

export function blocking(parameters: string, run: StandardFunction["run"]): StandardFunction {
  return { signature: signature(parameters), blocking: true, run };
}

function signature(parameters: string): FunctionSignature {
  return parameters
    .split(" ")
    .filter(Boolean)
    .map((name) => ({ name: name.replace("?", ""), optional: name.endsWith("?") }));
}
