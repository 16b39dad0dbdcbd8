import { Services } from "./services";
import type { TokenAuthority } from "./tokens";

export interface NetworkOptions {
  readonly project: string;
  readonly projectNumber: string;
  readonly region: string;
  readonly tokens: TokenAuthority;
  /** Told the name of each host that something asked for and that is not simulated. */
  readonly onRefused?: (host: string) => void;
}

/** Google's network as the run's processes see it: one local TLS port that answers for all of Google's hosts. */
export class Network {
  /** Stand-ins are added as they are made. */
  readonly services = new Services();

  constructor(readonly options: NetworkOptions) {}

  /** Of the TLS port, on 127.0.0.1. */
  get port(): number {
    throw new Error("not started");
  }

  /** Certificate of the throw-away CA, as a PEM file: for `curl --cacert`. */
  get caFile(): string {
    throw new Error("not started");
  }

  async start(): Promise<void> {
    throw new Error("not written yet");
  }

  /** Environment of a process that lives in this network as a service account. */
  async environment(_email: string): Promise<Record<string, string>> {
    throw new Error("not written yet");
  }

  async stop(): Promise<void> {}
}
