import { createHash, createHmac, randomBytes } from "node:crypto";
import { type Clock, RealClock } from "../core/clock";
import type { Tokens } from "../core/emulator";

/** The identity of a token. */
export interface Identity {
  readonly email: string;
  /** Of an ID token only: its audience. */
  readonly audience?: string;
  /** The token is no longer valid. */
  readonly expired?: true;
}

interface Minted {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/**
 * Google's tokens live an hour; the metadata server hands out the same one until five minutes
 * before its end.
 */
const LIFETIME = 3_600_000;
const RENEWAL = 300_000;

/**
 * Mints and verifies tokens of service accounts. Access tokens are opaque, ID tokens are JWTs; both
 * are worthless outside this process, whose memory holds the keys.
 *
 * They expire by the real time, whatever clock the run has: clients decide by their own clock when
 * to ask for new ones.
 */
export class TokenAuthority implements Tokens {
  private readonly key = randomBytes(32);
  private readonly current = new Map<string, Minted>();
  /** All tokens that were minted. */
  private readonly minted = new Map<string, { email: string; audience?: string; expires: number }>();

  constructor(private readonly clock: Pick<Clock, "now"> = new RealClock()) {}

  accessToken(email: string): string {
    return this.once(`access ${email}`, (expires) => {
      const token = `ya29.local.${randomBytes(32).toString("base64url")}`;
      this.minted.set(token, { email, expires });
      return token;
    }).token;
  }

  idToken(email: string, audience: string): string {
    return this.once(`id ${email} ${audience}`, (expires) => {
      const token = this.signed(email, audience, expires);
      this.minted.set(token, { email, audience, expires });
      return token;
    }).token;
  }

  /** Whole seconds until the token that `accessToken` gives now expires. */
  accessTokenLifetime(email: string): number {
    this.accessToken(email);
    const minted = this.current.get(`access ${email}`);
    return Math.floor(((minted?.expires ?? 0) - this.clock.now()) / 1000);
  }

  /**
   * The identity in an `Authorization` header.
   * @returns undefined where there is no header, or a token that is not from here
   */
  verify(authorization: string | undefined): Identity | undefined {
    const token = /^Bearer (\S+)$/i.exec(authorization ?? "")?.[1];
    if (!token) return undefined;
    const minted = this.minted.get(token);
    if (!minted) return undefined;
    const { email, audience, expires } = minted;
    return {
      email,
      ...(audience !== undefined && { audience }),
      ...(this.clock.now() >= expires && { expired: true as const }),
    };
  }

  private once(name: string, mint: (expires: number) => string): Minted {
    const known = this.current.get(name);
    if (known && known.expires - this.clock.now() > RENEWAL) return known;
    const expires = this.clock.now() + LIFETIME;
    const minted = { token: mint(expires), expires };
    this.current.set(name, minted);
    return minted;
  }

  private signed(email: string, audience: string, expires: number): string {
    const seconds = Math.floor(expires / 1000);
    const subject = BigInt(`0x${createHash("sha256").update(email).digest("hex")}`)
      .toString()
      .slice(0, 21);
    const claims = {
      aud: audience,
      azp: subject,
      email,
      email_verified: true,
      exp: seconds,
      iat: seconds - LIFETIME / 1000,
      iss: "https://accounts.google.com",
      sub: subject,
    };
    const unsigned = [{ alg: "HS256", typ: "JWT" }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");
    return `${unsigned}.${this.signature(unsigned).toString("base64url")}`;
  }

  private signature(unsigned: string): Buffer {
    return createHmac("sha256", this.key).update(unsigned).digest();
  }
}
