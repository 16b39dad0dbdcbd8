import { randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { HttpError } from "../errors";

/** Every header that answers carry. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

/** Lets through who has the token, and whose request comes from the console's own page or from no page. */
export class Guard {
  /** Of this server alone; it is worthless after its end. */
  readonly token = randomBytes(32).toString("base64url");
  private port = 0;

  /** @param port on which the server listens */
  listen(port: number): void {
    this.port = port;
  }

  /** Cookies know no ports: several consoles on one machine must not replace each other's. */
  get cookieName(): string {
    return `console-${this.port}`;
  }

  get cookie(): string {
    return `${this.cookieName}=${this.token}; HttpOnly; SameSite=Strict; Path=/`;
  }

  /** @throws HttpError for a name that a foreign page can lead here, or a page of another origin */
  requireOwnOrigin({ headers, method }: IncomingMessage): void {
    const hosts = [`127.0.0.1:${this.port}`, `localhost:${this.port}`];
    const { host = "", origin } = headers;
    if (!hosts.includes(host)) {
      throw new HttpError(403, "foreign-host", `Given the host ${host}; allowed: ${hosts.join(", ")}`);
    }
    const site = headers["sec-fetch-site"];
    // Following a link to the console is no harm: without the cookie it shows nothing.
    const isForeignSite = site !== undefined && !["same-origin", "none"].includes(String(site)) && method !== "GET";
    if ((origin !== undefined && origin !== `http://${host}`) || isForeignSite) {
      throw new HttpError(403, "foreign-origin", `Given the origin ${origin ?? site}; allowed: http://${host}`);
    }
  }

  /** @throws HttpError */
  requireToken({ headers }: IncomingMessage): void {
    const bearer = /^Bearer (\S+)$/i.exec(headers.authorization ?? "")?.[1];
    if (!this.isToken(bearer ?? cookieIn(headers.cookie, this.cookieName))) {
      throw new HttpError(
        401,
        "no-token",
        "Open the URL that was printed when the stack started, or give its token as Authorization: Bearer",
      );
    }
  }

  isToken(given: string | undefined): boolean {
    const [one, other] = [Buffer.from(given ?? ""), Buffer.from(this.token)];
    return one.length === other.length && timingSafeEqual(one, other);
  }
}

function cookieIn(header: string | undefined, name: string): string | undefined {
  return header
    ?.split(/;\s*/)
    .find((part) => part.startsWith(`${name}=`))
    ?.slice(name.length + 1);
}
