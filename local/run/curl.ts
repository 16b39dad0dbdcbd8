export interface CurlOptions {
  /** PEM of the run's certificate authority. */
  readonly caFile: string;
  /** The run's TLS port on 127.0.0.1. */
  readonly port: number;
  /** `host:port` of the metadata server of whom the commands call as. */
  readonly metadata: string;
  /** Base URL of the operator's own door. */
  readonly operator: string;
}

/** Ready-made commands that use a running stack from a terminal. Tokens are fetched by the command, so they never grow old. */
export class Curl {
  constructor(private readonly options: CurlOptions) {}

  upload(bucket: string, name: string, file: string): string {
    const query = new URLSearchParams({ uploadType: "media", name });
    const url = `https://storage.googleapis.com/upload/storage/v1/b/${bucket}/o?${query}`;
    return this.command(url, `--data-binary @${file} -H 'Content-Type: application/octet-stream'`);
  }

  list(bucket: string, prefix = ""): string {
    const query = new URLSearchParams({ ...(prefix && { prefix }), fields: "items/name" });
    return this.command(`https://storage.googleapis.com/storage/v1/b/${bucket}/o?${query}`, "");
  }

  post(url: string, body: object): string {
    const json = JSON.stringify(body).replaceAll("'", "'\\''");
    return this.command(url, `-H 'Content-Type: application/json' -d '${json}'`);
  }

  /** Fires a Cloud Scheduler job now. */
  fire(job: string): string {
    return `curl -sS -X POST ${this.options.operator}/${job}:run`;
  }

  private command(url: string, rest: string): string {
    const { caFile, port } = this.options;
    const parts = [
      "curl -sS",
      `--cacert ${caFile}`,
      `--connect-to ::127.0.0.1:${port}`,
      this.authorization(url),
      rest,
      `'${url}'`,
    ];
    return parts.filter((part) => part !== "").join(" ");
  }

  private authorization(url: string): string {
    const { origin, hostname } = new URL(url);
    const account = `http://${this.options.metadata}/computeMetadata/v1/instance/service-accounts/default`;
    const ask = "curl -sS -H Metadata-Flavor:Google";
    const token = hostname.endsWith(".googleapis.com")
      ? `${ask} ${account}/token | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/'`
      : `${ask} '${account}/identity?audience=${origin}'`;
    return `-H "Authorization: Bearer $(${token})"`;
  }
}
