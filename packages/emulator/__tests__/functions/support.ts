import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serviceUri } from "@cdktf-serverless-ml/terraform-json";
import { strToU8, zipSync } from "fflate";
import { ApiError } from "../../src/core/api-error";
import { type Clock, RealClock } from "../../src/core/clock";
import type { Authorizer, EvaluatedResource, Invocation, InvocationResult } from "../../src/core/emulator";
import { Network, TokenAuthority } from "../../src/network";
import { LocalPrograms } from "../../src/run/local-programs";
import { RunCommands } from "../../src/run/run-commands";
import { WorkerHost, type WorkerHostOptions } from "../../src/run/worker-host";

export const CALLER = "caller@acme-ml.iam.gserviceaccount.com";
export const RUNTIME = "runtime@acme-ml.iam.gserviceaccount.com";

/**
 * JavaScript of a function, or all files of its source, and what its resource has beside the
 * defaults.
 */
export interface Fixture {
  readonly code?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly service?: Readonly<Record<string, unknown>>;
  readonly build?: Readonly<Record<string, unknown>>;
  readonly packageJson?: object;
}

export const urlOf = (name: string) => serviceUri(name, "us-central1", "acme-ml");

/** Allows what `permission resource` pairs of an email say, and nothing else. */
export function authorizerOf(allowed: Readonly<Record<string, readonly string[]>>): Authorizer {
  return {
    require({ email = "allUsers" }, permission, resource) {
      if (
        allowed[email]?.includes(`${permission} ${resource}`) ||
        allowed.allUsers?.includes(`${permission} ${resource}`)
      )
        return;
      throw new ApiError("PERMISSION_DENIED", `${email} lacks ${permission} on ${resource}`);
    },
  };
}

export function invokerOf(...names: readonly string[]): Authorizer {
  return authorizerOf({
    [CALLER]: names.map((name) => `run.routes.invoke projects/acme-ml/locations/us-central1/services/${name}`),
  });
}

/** A network and a host with some functions. */
export class Bench {
  readonly refused: string[] = [];
  readonly tokens: TokenAuthority;
  readonly network: Network;
  readonly host: WorkerHost;
  readonly folder = mkdtempSync(join(tmpdir(), "functions-test-"));

  constructor(
    fixtures: Readonly<Record<string, Fixture>>,
    {
      authorizer = invokerOf(...Object.keys(fixtures)),
      clock = new RealClock() as Clock,
      tokens = new TokenAuthority(),
      ...more
    }: Partial<WorkerHostOptions> & { tokens?: TokenAuthority } = {},
  ) {
    this.tokens = tokens;
    const place = { project: "acme-ml", projectNumber: "123456789012", region: "us-central1" };
    this.network = new Network({ ...place, tokens, onRefused: (host) => this.refused.push(host) });
    const resources = Object.entries(fixtures).flatMap(([name, fixture]) => resourcesOf(name, fixture, this.folder));
    const { folder, network } = this;
    const programs = new LocalPrograms({ commands: new RunCommands({ name: "stack", resources: [] }), network });
    this.host = new WorkerHost({ ...place, resources, folder, network, authorizer, clock, programs, ...more });
  }

  async start(): Promise<this> {
    await this.network.start();
    await this.host.start();
    return this;
  }

  /** As a Google service does with an ID token of the caller. */
  call(
    name: string,
    path = "/",
    {
      headers = {},
      body = "",
      deadline = 30_000,
      method = "POST",
    }: Partial<Omit<Invocation, "body">> & { body?: string } = {},
  ): Promise<InvocationResult> {
    const authorization = `Bearer ${this.tokens.idToken(CALLER, urlOf(name))}`;
    return this.host.invoke({
      url: urlOf(name) + path,
      method,
      headers: { Authorization: authorization, ...headers },
      body: Buffer.from(body),
      deadline,
    });
  }

  async stop(): Promise<void> {
    await this.host.stop();
    await this.network.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function resourcesOf(name: string, fixture: Fixture, folder: string): EvaluatedResource[] {
  const { code = "", service = {}, build = {}, packageJson = { main: "index.js" } } = fixture;
  const { files = { "index.js": code, "package.json": JSON.stringify(packageJson) } } = fixture;
  const zip = zipSync(Object.fromEntries(Object.entries(files).map(([file, text]) => [file, strToU8(text)])));
  writeFileSync(join(folder, `${name}.zip`), zip);
  return [
    {
      address: `google_storage_bucket_object.${name}`,
      type: "google_storage_bucket_object",
      attributes: { bucket: "sources", name: `${name}.zip`, source: `${name}.zip` },
    },
    {
      address: `google_cloudfunctions2_function.${name}`,
      type: "google_cloudfunctions2_function",
      attributes: {
        name,
        location: "us-central1",
        project: "acme-ml",
        build_config: {
          runtime: "nodejs24",
          entry_point: "handler",
          source: { storage_source: { bucket: "sources", object: `${name}.zip` } },
          ...build,
        },
        service_config: { service_account_email: RUNTIME, ...service },
      },
    },
  ];
}

export const json = ({ body }: InvocationResult) => JSON.parse(body.toString());
