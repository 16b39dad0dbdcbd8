import { ApiError } from "./api-error";
import type { Caller, GrpcService, RestRequest, RestService } from "./emulator";
import { inCamelCase } from "./field-names";
import { GRPC_WIRE, JSON_WIRE, type Wire } from "./values";

/** One call of a method, over either protocol. */
export interface Call {
  /** The request message; over REST made of body, path and query. */
  // biome-ignore lint/suspicious/noExplicitAny: the shape of a message is the proto's.
  readonly request: any;
  readonly caller: Caller;
  /** How times, durations, bytes and enums stand in the answer. */
  readonly wire: Wire;
  /** The HTTP request of a call over REST. */
  readonly rest?: RestRequest;
}

/** Answers a call with the response message. @throws ApiError */
export type Handler = (call: Call) => object | Promise<object>;

/** One method of a Google API, over REST and gRPC. */
export interface Rpc {
  readonly name: string;
  /** The proto's service that it belongs to. */
  readonly api?: string;
  // Verb and path template as the proto's `google.api.http` has them: POST
  // /v1/{topic=projects/*/topics/*}:publish
  readonly http?: string;
  /** Absent: refused with UNIMPLEMENTED, by name. */
  readonly run?: Handler;
}

/** Query parameters that every Google API takes and that change nothing here. */
const SYSTEM_PARAMETERS = new Set(["$alt", "alt", "key", "prettyPrint", "quotaUser"]);

export function grpcService(
  name: string,
  { rpcs, ...rest }: { rpcs: readonly Rpc[] } & Pick<GrpcService, "hosts" | "protos" | "streams">,
): GrpcService {
  const methods = rpcs.map(({ name: method, run }) => [
    method,
    async (request: unknown, caller: Caller) => {
      if (!run) throw notSimulated(`${name}.${method}`);
      return run({ request, caller, wire: GRPC_WIRE });
    },
  ]);
  return { name, ...rest, methods: Object.fromEntries(methods) };
}

/**
 * @param data fields, in lowerCamelCase, whose content is the caller's own and no message: maps,
 *   `Struct` and `Value`
 */
export function restService({
  hosts,
  rpcs,
  data = [],
}: {
  hosts: readonly string[];
  rpcs: readonly Rpc[];
  data?: readonly string[];
}): RestService {
  const dataFields = new Set(data);
  const routes = rpcs.flatMap((rpc) => (rpc.http ? [{ rpc, ...parseTemplate(rpc.http) }] : []));
  // `GET …/jobs/*` also matches `GET …/jobs/*:getIamPolicy`, which therefore comes first.
  routes.sort((one, other) => Number(hasVerb(other.rpc)) - Number(hasVerb(one.rpc)));
  return {
    hosts,
    methodOf({ method, path }) {
      const found = routes.find(({ verb, pattern }) => verb === method && pattern.test(path));
      return found && [found.rpc.api, found.rpc.name].filter(Boolean).join("/");
    },
    async handle(request) {
      for (const { rpc, verb, pattern, fields } of routes) {
        const match = verb === request.method ? pattern.exec(request.path) : null;
        if (!match) continue;
        if (!rpc.run) throw notSimulated(`${request.host}: ${rpc.name}`);
        const path = fields.map((field, index) => [field, decode(match[index + 1] ?? "")]);
        const given = inCamelCase({ ...query(request), ...body(request) }, dataFields);
        const message = { ...given, ...Object.fromEntries(path) };
        const call = { request: message, caller: request.caller, wire: JSON_WIRE, rest: request };
        return { status: 200, body: await rpc.run(call) };
      }
      throw notSimulated(`${request.method} https://${request.host}${request.path}`);
    },
  };
}

function hasVerb({ http = "" }: Rpc): boolean {
  return /:\w+$/.test(http);
}

function notSimulated(what: string): ApiError {
  return new ApiError("UNIMPLEMENTED", `${what} is not simulated here`);
}

// {name=projects/*/topics/*} becomes a group; * is one segment.
function parseTemplate(http: string): { verb: string; pattern: RegExp; fields: string[] } {
  const [verb = "", template = ""] = http.split(" ");
  const fields: string[] = [];
  const pattern = template.replace(/\{([\w.]+)=([^}]+)\}|[.$]/g, (literal, field?: string, segments?: string) => {
    if (!field || !segments) return `\\${literal}`;
    fields.push(field);
    return `(${segments.replaceAll("*", "[^/]+")})`;
  });
  return { verb, pattern: new RegExp(`^${pattern}$`), fields };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ApiError("INVALID_ARGUMENT", `The path ${JSON.stringify(text)} is not percent-encoded`);
  }
}

function query(request: RestRequest): object {
  if (request.query.size === 0) return {};
  return Object.fromEntries([...request.query].filter(([name]) => !SYSTEM_PARAMETERS.has(name)));
}

function body({ body }: RestRequest): object {
  if (body.length === 0) return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString());
  } catch (error) {
    throw new ApiError("INVALID_ARGUMENT", `Invalid JSON payload received. ${(error as Error).message}`);
  }
  if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed;
  throw new ApiError("INVALID_ARGUMENT", "Invalid JSON payload received. The body must be an object.");
}
