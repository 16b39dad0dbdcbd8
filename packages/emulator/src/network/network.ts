import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../core/clock";
import { shellQuoted } from "../core/shell";
import { whenProcessEnds } from "../core/when-process-ends";
import { createEphemeralCa } from "./certificate";
import { Endpoint } from "./endpoint";
import { Gate } from "./gate";
import { type MetadataOptions, MetadataServer } from "./metadata-server";
import { ConnectProxy } from "./proxy";
import { Services } from "./services";

export interface NetworkOptions extends MetadataOptions {
  /** Gets the name of each host that is called and not simulated. */
  readonly onRefused?: (host: string) => void;
  /** It stands still while a request is answered. */
  readonly clock?: Clock;
  /**
   * Hosts that no wildcard of Google's names covers, such as those of dedicated Vertex AI
   * endpoints.
   *
   * @default - none
   */
  readonly moreHosts?: readonly string[];
}

/** Names in the certificate. A wildcard is one label. */
const GOOGLE_NAMES = [
  "googleapis.com",
  "*.googleapis.com",
  "*.storage.googleapis.com",
  "*.mtls.googleapis.com",
  "*.run.app",
  "*.a.run.app",
  "*.cloudfunctions.net",
];

const CA_VARIABLES = [
  "CURL_CA_BUNDLE",
  "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
  "HTTPLIB2_CA_CERTS",
  "REQUESTS_CA_BUNDLE",
  "SSL_CERT_FILE",
];

/**
 * Google's network as the run's processes see it: one local TLS port that answers for all of
 * Google's hosts.
 */
export class Network {
  /** Emulators are added as they are made. */
  readonly services = new Services();

  private readonly folder = mkdtempSync(join(tmpdir(), "local-run-"));
  private readonly endpoint: Endpoint;
  private readonly proxy: ConnectProxy;
  private readonly metadataServers = new Map<string, Promise<MetadataServer>>();
  private readonly cleanUp = () => rmSync(this.folder, { recursive: true, force: true });
  private readonly forget = whenProcessEnds(this.cleanUp);

  constructor(readonly options: NetworkOptions) {
    const { ca, leaf } = createEphemeralCa([
      ...GOOGLE_NAMES,
      `*.${options.region}.run.app`,
      ...(options.moreHosts ?? []),
    ]);
    writeFileSync(this.caFile, ca);
    for (const folder of [this.home, this.temporary]) mkdirSync(folder);
    this.endpoint = new Endpoint({
      leaf,
      services: this.services,
      tokens: options.tokens,
      clock: options.clock,
      onRefused: (host) => this.refused(host),
    });
    this.proxy = new ConnectProxy({ port: () => this.port, onRefused: (host) => this.refused(host) });
  }

  /** Of the TLS port, on 127.0.0.1. */
  get port(): number {
    return this.endpoint.port;
  }

  /** Certificate of the throw-away CA, as a PEM file: for `curl --cacert`. */
  get caFile(): string {
    return join(this.folder, "ca.pem");
  }

  /** Empty, so that it holds nothing of the developer. */
  private get home(): string {
    return join(this.folder, "home");
  }

  private get temporary(): string {
    return join(this.folder, "tmp");
  }

  async start(): Promise<void> {
    await Promise.all([this.endpoint.start(), this.proxy.start()]);
  }

  /** Reports a call of a host that is not simulated. */
  refused(host: string): void {
    this.options.onRefused?.(host);
  }

  /**
   * The environment of a process that runs in this network as a service account. It inherits the
   * path to programs alone, so that no credentials of the developer are in it.
   */
  async environment(email: string): Promise<Record<string, string>> {
    const { host } = await this.metadataServer(email);
    return {
      ...inherited(["PATH", "Path", "SystemRoot"]),
      ...Object.fromEntries(["HOME", "USERPROFILE", "APPDATA", "CLOUDSDK_CONFIG"].map((name) => [name, this.home])),
      TMPDIR: this.temporary,
      TEMP: this.temporary,
      NODE_OPTIONS: `--require ${JSON.stringify(PRELOAD)}`,
      NODE_EXTRA_CA_CERTS: this.caFile,
      GCE_METADATA_HOST: host,
      LOCAL_GOOGLE_PORT: String(this.port),
    };
  }

  /**
   * The environment of a program outside the run, in any language, that calls this network as a
   * service account: what `environment` has, and the variables by which clients of other languages
   * find the proxy, the metadata server and the certificate authority.
   *
   * @param gate default: the network's own proxy, which does not know who calls
   */
  async programEnvironment(email: string, gate?: Gate): Promise<Record<string, string>> {
    const environment = await this.environment(email);
    const { GCE_METADATA_HOST: metadata = "" } = environment;
    const both = (name: string, value: string) => ({ [name]: value, [name.toLowerCase()]: value });
    const proxy = gate?.proxyUrl ?? this.proxy.url;
    return {
      ...environment,
      ...(gate && { LOCAL_GOOGLE_PORT: String(gate.port) }),
      // google-cloud-storage 3.17 for Python reads each bucket's metadata in the background, for
      // traces, and goes on when it may not: a refusal would look like a binding that is missing.
      DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA: "true",
      GOOGLE_CLOUD_PROJECT: this.options.project,
      // Python's google-auth looks for the server at this address before it asks it.
      GCE_METADATA_IP: metadata,
      ...both("HTTPS_PROXY", proxy),
      ...both("HTTP_PROXY", proxy),
      ...both("NO_PROXY", "127.0.0.1,localhost"),
      // Of gRPC's C core (Python, Ruby, PHP, C++), of Python's requests and httplib2, of curl, of
      // OpenSSL and Go.
      ...Object.fromEntries(CA_VARIABLES.map((name) => [name, this.caFile])),
    };
  }

  /** A way to Google's hosts for one process. Whoever opens it closes it. */
  gate(onCalling?: (port: number) => void): Promise<Gate> {
    return Gate.open({ port: () => this.port, onRefused: (host) => this.refused(host), onCalling });
  }

  /**
   * Writes `programEnvironment` to a file for a POSIX shell: `(. <file> && node program.js)`.
   * @returns its path
   */
  async environmentFile(email: string): Promise<string> {
    const file = join(this.folder, `${email.split("@")[0]}.env`);
    const { PATH, ...environment } = await this.programEnvironment(email);
    const lines = Object.entries(environment).map(([name, value]) => `export ${name}=${shellQuoted(value)}`);
    writeFileSync(file, `${["unset GOOGLE_APPLICATION_CREDENTIALS", ...lines].join("\n")}\n`);
    return file;
  }

  async stop(): Promise<void> {
    for (const server of this.metadataServers.values()) (await server).stop();
    this.metadataServers.clear();
    this.proxy.stop();
    await this.endpoint.stop();
    this.cleanUp();
    this.forget();
  }

  private metadataServer(email: string): Promise<MetadataServer> {
    let server = this.metadataServers.get(email);
    if (!server) {
      const made = new MetadataServer(email, this.options);
      server = made.start().then(() => made);
      this.metadataServers.set(email, server);
    }
    return server;
  }
}

function inherited(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => [[name, process.env[name]]]).filter(([, value]) => value));
}

/** Loaded into Node.js processes. */
export const PRELOAD = join(__dirname, "preload.cjs");
