import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { listenOnLoopback, portOf } from "../core/loopback";
import type { TokenAuthority } from "./tokens";

export interface MetadataOptions {
  readonly project: string;
  readonly projectNumber: string;
  readonly region: string;
  readonly tokens: TokenAuthority;
}

interface Answer {
  readonly status: number;
  readonly body: string | object;
}

const ROOT = "/computeMetadata/v1/";

/**
 * The metadata server of one service account, as on instances of Cloud Run.
 * Sources: https://docs.cloud.google.com/run/docs/container-contract#metadata-server ,
 * https://docs.cloud.google.com/compute/docs/metadata/querying-metadata
 */
export class MetadataServer {
  private readonly server: Server;

  constructor(
    private readonly email: string,
    private readonly options: MetadataOptions,
  ) {
    this.server = createServer((request, response) => {
      const { status, body } = this.answer(request);
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const type = typeof body === "string" ? "application/text" : "application/json";
      response.writeHead(status, {
        "metadata-flavor": "Google",
        server: "Metadata Server for VM",
        "content-type": type,
      });
      response.end(text);
    });
  }

  /** `127.0.0.1:PORT`, for GCE_METADATA_HOST. */
  get host(): string {
    return `127.0.0.1:${portOf(this.server)}`;
  }

  start(): Promise<void> {
    return listenOnLoopback(this.server);
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private answer({ url = "/", headers }: IncomingMessage): Answer {
    const { pathname, searchParams } = new URL(url, "http://metadata");
    if (pathname === "/") return { status: 200, body: "computeMetadata/\n" };
    if (headers["metadata-flavor"] !== "Google") {
      return { status: 403, body: "Missing required header: Metadata-Flavor: Google" };
    }
    if (headers["x-forwarded-for"] !== undefined) return { status: 403, body: "X-Forwarded-For is not allowed" };
    const body = pathname.startsWith(ROOT)
      ? this.value(pathname.slice(ROOT.length).replace(/\/$/, ""), searchParams)
      : undefined;
    if (body === "") return { status: 400, body: "non-empty audience parameter required" };
    return body === undefined ? { status: 404, body: `${pathname} is not simulated` } : { status: 200, body };
  }

  /** @returns undefined for an unknown path, "" for an ID token without audience */
  private value(path: string, query: URLSearchParams): string | object | undefined {
    const { project, projectNumber, region, tokens } = this.options;
    const values: Record<string, () => string | object> = {
      "project/project-id": () => project,
      "project/numeric-project-id": () => projectNumber,
      "instance/region": () => `projects/${projectNumber}/regions/${region}`,
      "instance/zone": () => `projects/${projectNumber}/zones/${region}-1`,
      "instance/id": () => createHash("sha256").update(this.host).digest("hex"),
      "universe/universe-domain": () => "googleapis.com",
      "instance/service-accounts": () => `${this.email}/\ndefault/\n`,
      instance: () => "id\nregion\nservice-accounts/\nzone\n",
    };
    const account = /^instance\/service-accounts\/([^/]+)(?:\/(.+))?$/.exec(path);
    if (!account) return values[path]?.();
    const [, name, item = ""] = account;
    if (name !== "default" && name !== this.email) return undefined;
    const ofAccount: Record<string, () => string | object> = {
      "": () =>
        query.get("recursive") === "true"
          ? { aliases: ["default"], email: this.email, scopes: [SCOPE] }
          : "aliases\nemail\nidentity\nscopes\ntoken\n",
      aliases: () => "default\n",
      email: () => this.email,
      scopes: () => `${SCOPE}\n`,
      token: () => ({
        access_token: tokens.accessToken(this.email),
        expires_in: tokens.accessTokenLifetime(this.email),
        token_type: "Bearer",
      }),
      identity: () => (query.get("audience") ? tokens.idToken(this.email, query.get("audience") ?? "") : ""),
    };
    return ofAccount[item]?.();
  }
}

const SCOPE = "https://www.googleapis.com/auth/cloud-platform";
