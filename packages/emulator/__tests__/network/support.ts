import { spawn } from "node:child_process";
import { ApiError } from "../../src/core/api-error";
import type { Caller, GrpcService, RestRequest, RestService } from "../../src/core/emulator";
import { Network, TokenAuthority } from "../../src/network";

export const ACCOUNT = "worker@acme-ml.iam.gserviceaccount.com";

export async function startNetwork(): Promise<{ network: Network; tokens: TokenAuthority; refused: string[] }> {
  const tokens = new TokenAuthority();
  const refused: string[] = [];
  const network = new Network({
    project: "acme-ml",
    projectNumber: "123456789012",
    region: "us-central1",
    tokens,
    onRefused: (host) => refused.push(host),
  });
  await network.start();
  return { network, tokens, refused };
}

export interface Ran {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs a program in the network, as a function runs; the project's packages can be required. */
export async function run(
  network: Network,
  program: string,
  { email = ACCOUNT, esm = false, node = process.execPath, env = {} as Record<string, string> } = {},
): Promise<Ran> {
  const environment = {
    ...(await network.environment(email)),
    K_SERVICE: "test",
    GOOGLE_CLOUD_PROJECT: "acme-ml",
    ...env,
  };
  const child = spawn(node, [`--input-type=${esm ? "module" : "commonjs"}`, "-"], {
    cwd: process.cwd(),
    env: environment,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stdout.on("data", (data) => {
    output += data;
  });
  child.stderr.on("data", (data) => {
    errors += data;
  });
  child.stdin.end(program);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, output, errors };
}

/** The JSON that the program wrote last. */
export function result({ code, output, errors }: Ran): unknown {
  if (code !== 0) throw new Error(`the program ended with ${code}:\n${output}${errors}`);
  return JSON.parse(output.trim().split("\n").at(-1) ?? "");
}

/** A REST service that answers from a table of `METHOD path` and keeps what it was asked. */
export function restService(
  hosts: readonly string[],
  answers: Readonly<Record<string, (request: RestRequest) => object>>,
): RestService & { asked: RestRequest[] } {
  const asked: RestRequest[] = [];
  return {
    hosts,
    asked,
    async handle(request) {
      asked.push(request);
      const answer = answers[`${request.method} ${request.path}`];
      if (!answer) throw new ApiError("NOT_FOUND", `no ${request.method} ${request.path}`);
      return { status: 200, body: answer(request) };
    },
  };
}

/** A gRPC service of one client's package that keeps what it was asked. */
export function grpcService(
  name: string,
  host: string,
  client: string,
  methods: GrpcService["methods"],
): GrpcService & { asked: { method: string; request: unknown; caller: Caller }[] } {
  const asked: { method: string; request: unknown; caller: Caller }[] = [];
  const recording = Object.entries(methods).map(([method, answer]) => [
    method,
    (request: unknown, caller: Caller) => {
      asked.push({ method, request, caller });
      return answer(request, caller);
    },
  ]);
  return {
    name,
    hosts: [host],
    protos: `@google-cloud/${client}/build/protos/protos.json`,
    methods: Object.fromEntries(recording),
    asked,
  };
}
