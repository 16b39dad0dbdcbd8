import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serviceUri } from "@cdktf-serverless-ml/terraform-json";
import { RealClock } from "../../src/core/clock";
import type { EvaluatedResource, InvocationResult } from "../../src/core/emulator";
import { Network, TokenAuthority } from "../../src/network";
import { LocalPrograms } from "../../src/run/local-programs";
import { RunCommands } from "../../src/run/run-commands";
import { WorkerHost, type WorkerHostOptions } from "../../src/run/worker-host";
import { CALLER, invokerOf, RUNTIME } from "../functions/support";

/** What a container's resource has beside the defaults. */
export interface ContainerFixture {
  /** JavaScript that stands for the image. @default - nothing does */
  readonly code?: string;
  readonly container?: Readonly<Record<string, unknown>>;
  readonly template?: Readonly<Record<string, unknown>>;
  readonly resource?: Readonly<Record<string, unknown>>;
}

export const PLACE = { project: "acme-ml", projectNumber: "123456789012", region: "us-central1" };
export const urlOf = (name: string) => serviceUri(name, "us-central1", "acme-ml");

/** A server in Node.js that answers with what an expression gives. */
export const server = (expression: string) => `
  require("node:http").createServer(async (req, res) => {
    const chunks = []; for await (const chunk of req) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    res.end(JSON.stringify(await (${expression})));
  }).listen(process.env.PORT, "127.0.0.1");`;

/** A network and a host with container services. */
export class ContainerBench {
  readonly refused: string[] = [];
  readonly skipped: string[] = [];
  readonly tokens = new TokenAuthority();
  readonly network: Network;
  readonly host: WorkerHost;
  readonly folder = mkdtempSync(join(tmpdir(), "containers-test-"));

  constructor(fixtures: Readonly<Record<string, ContainerFixture>>, more: Partial<WorkerHostOptions> = {}) {
    this.network = new Network({ ...PLACE, tokens: this.tokens, onRefused: (host) => this.refused.push(host) });
    const resources = Object.entries(fixtures).map(([name, fixture]) => serviceOf(name, fixture));
    const { folder, network } = this;
    const commands = new RunCommands({ name: "stack", resources: resources as never }, this.commandsOf(fixtures));
    this.host = new WorkerHost({
      ...PLACE,
      resources,
      folder,
      network,
      authorizer: invokerOf(...Object.keys(fixtures)),
      clock: new RealClock(),
      programs: new LocalPrograms({ commands, network }),
      onSkipped: (why) => this.skipped.push(why),
      ...more,
    });
  }

  async start(): Promise<this> {
    await this.network.start();
    await this.host.start();
    return this;
  }

  /** As a Google service does with an ID token of the caller. */
  call(name: string, path = "/", body = "", deadline = 30_000): Promise<InvocationResult> {
    return this.host.invoke({
      url: urlOf(name) + path,
      method: "POST",
      headers: { Authorization: `Bearer ${this.tokens.idToken(CALLER, urlOf(name))}` },
      body: Buffer.from(body),
      deadline,
    });
  }

  async stop(): Promise<void> {
    await this.host.stop();
    await this.network.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private commandsOf(fixtures: Readonly<Record<string, ContainerFixture>>): Record<string, string> {
    const all = Object.entries(fixtures).flatMap(([name, { code }]) => {
      if (code === undefined) return [];
      const file = join(this.folder, `${name}.cjs`);
      writeFileSync(file, code);
      return [[name, `'${process.execPath}' '${file}'`]];
    });
    return Object.fromEntries(all);
  }
}

export function serviceOf(name: string, { container, template, resource }: ContainerFixture): EvaluatedResource {
  return {
    address: `google_cloud_run_v2_service.${name}`,
    type: "google_cloud_run_v2_service",
    attributes: {
      name,
      location: "us-central1",
      project: "acme-ml",
      template: {
        service_account: RUNTIME,
        containers: [{ image: `gcr.io/acme-ml/${name}`, ...container }],
        ...template,
      },
      ...resource,
    },
  };
}
