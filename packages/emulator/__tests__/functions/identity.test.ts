import { createHmac } from "node:crypto";
import * as fc from "fast-check";
import { TokenAuthority } from "../../src/network";
import { authorizerOf, Bench, CALLER, json, RUNTIME, urlOf } from "./support";

// A caller without the right identity never reaches a function's code, which counts who does.

const COUNT = `let count = 0; exports.handler = (req, res) => res.json({ count: ++count });`;
const SERVICE = urlOf("closed");
const ELSEWHERE = CALLER.replace("@acme-ml.", "@other-project.");

let now = Date.now();
const tokens = new TokenAuthority({ now: () => now });
const strangers = new TokenAuthority();
let bench: Bench;

beforeAll(async () => {
  // One instance, so that its count is the function's.
  const service = { max_instance_count: 1 };
  const permission = "run.routes.invoke projects/acme-ml/locations/us-central1/services/closed";
  bench = await new Bench(
    { closed: { code: COUNT, service } },
    { authorizer: authorizerOf({ [CALLER]: [permission] }), tokens },
  ).start();
});
afterAll(() => bench.stop());

/** How many requests have reached the code, this one not counted. */
const reached = async () => json(await bench.call("closed")).count - 1;

async function ask(authorization: string | undefined) {
  const headers: Record<string, string> = authorization === undefined ? {} : { Authorization: authorization };
  const reply = await bench.host.invoke({
    url: SERVICE,
    method: "POST",
    headers,
    body: Buffer.alloc(0),
    deadline: 5000,
  });
  return { ...reply, text: reply.body.toString() };
}

const encoded = (part: object | string) =>
  Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64url");
const good = () => tokens.idToken(CALLER, SERVICE);
const parts = (token: string) => token.split(".") as [header: string, payload: string, signature: string];
const claimsOf = (token: string) => JSON.parse(Buffer.from(parts(token)[1], "base64url").toString());
const headerOf = (alg: string) => encoded({ alg, typ: "JWT" });
const signed = (header: string, payload: string, key: string) =>
  `${header}.${payload}.${createHmac("sha256", key).update(`${header}.${payload}`).digest("base64url")}`;

const TAKES = `Cloud Run takes the service's URL, ${SERVICE}, without path or query`;
const LACKS = "lacks run.routes.invoke on projects/acme-ml/locations/us-central1/services/closed";
const UNVERIFIED = "The token could not be verified";

test.each<[string, () => string | undefined, number, string]>([
  ["no token", () => undefined, 403, `allUsers ${LACKS}`],
  ["an empty header", () => "", 403, `allUsers ${LACKS}`],
  ["another account of the project", () => tokens.idToken(RUNTIME, SERVICE), 403, `${RUNTIME} ${LACKS}`],
  [
    "an account of the same name in another project",
    () => tokens.idToken(ELSEWHERE, SERVICE),
    403,
    `${ELSEWHERE} ${LACKS}`,
  ],
  [
    "the account in capitals",
    () => tokens.idToken(CALLER.toUpperCase(), SERVICE),
    403,
    `${CALLER.toUpperCase()} ${LACKS}`,
  ],
  ["a list of accounts", () => tokens.idToken(`${RUNTIME},${CALLER}`, SERVICE), 403, `${RUNTIME},${CALLER} ${LACKS}`],
  ["everyone", () => tokens.idToken("allUsers", SERVICE), 403, `allUsers ${LACKS}`],
  ["another service's audience", () => tokens.idToken(CALLER, urlOf("open")), 401, `is for ${urlOf("open")}; ${TAKES}`],
  [
    "an audience that begins alike",
    () => tokens.idToken(CALLER, `${SERVICE}.evil.example`),
    401,
    `.evil.example; ${TAKES}`,
  ],
  ["an audience with a user", () => tokens.idToken(CALLER, `${SERVICE}@evil.example`), 401, `@evil.example; ${TAKES}`],
  ["another scheme's audience", () => tokens.idToken(CALLER, SERVICE.replace("https", "http")), 401, `; ${TAKES}`],
  ["an audience that is no URL", () => tokens.idToken(CALLER, "closed"), 401, `is for closed; ${TAKES}`],
  ["no audience", () => tokens.idToken(CALLER, ""), 401, `is for ; ${TAKES}`],
  [
    "an access token",
    () => tokens.accessToken(CALLER),
    401,
    `This is an access token of ${CALLER}; an ID token is needed`,
  ],
  ["an access token of another run", () => strangers.accessToken(CALLER), 401, UNVERIFIED],
  ["another run's token", () => strangers.idToken(CALLER, SERVICE), 401, UNVERIFIED],
  [
    "another run's signature",
    () => [...parts(good()).slice(0, 2), parts(strangers.idToken(CALLER, SERVICE))[2]].join("."),
    401,
    UNVERIFIED,
  ],
  ["a changed header", () => good().replace(/\.(.)/, ".X"), 401, UNVERIFIED],
  ["no signature", () => parts(good()).slice(0, 2).join("."), 401, UNVERIFIED],
  ["an empty signature", () => good().replace(/[^.]*$/, ""), 401, UNVERIFIED],
  ["the removed signature", () => good().replace(/[^.]*$/, "SIGNATURE_REMOVED_BY_GOOGLE"), 401, UNVERIFIED],
  ["alg none without a signature", () => `${headerOf("none")}.${parts(good())[1]}.`, 401, UNVERIFIED],
  ["alg none with a signature", () => `${headerOf("none")}.${parts(good())[1]}.${parts(good())[2]}`, 401, UNVERIFIED],
  ["an empty key", () => signed(headerOf("HS256"), parts(good())[1], ""), 401, UNVERIFIED],
  ["the public header for a key", () => signed(headerOf("HS256"), parts(good())[1], parts(good())[0]), 401, UNVERIFIED],
  [
    "the payload of another account's token, swapped in",
    () => {
      const [header, , signature] = parts(tokens.idToken(RUNTIME, SERVICE));
      return `${header}.${parts(good())[1]}.${signature}`;
    },
    401,
    UNVERIFIED,
  ],
  ["garbage", () => "a.b.c", 401, UNVERIFIED],
])("%s: refused, and the code never sees it", async (_what, token, status, reason) => {
  const before = await reached();
  const given = token();
  const reply = await ask(given && `Bearer ${given}`);
  expect([reply.status, reply.text]).toEqual([status, expect.stringContaining(reason)]);
  if (status === 401) expect(reply.headers["www-authenticate"]).toContain('Bearer error="invalid_token"');
  expect(await reached()).toBe(before + 1);
});

test("an expired token: refused, and the code never sees it", async () => {
  const before = await reached();
  const old = good();
  now += 3_600_000;
  expect(await ask(`Bearer ${old}`)).toMatchObject({
    status: 401,
    text: expect.stringContaining(`The token of ${CALLER} has expired`),
  });
  // Renewed.
  expect(await reached()).toBe(before + 1);
});

test.each([
  ["another scheme", () => `Basic ${good()}`],
  ["a user and a password", () => `Basic ${Buffer.from("caller:secret").toString("base64")}`],
  ["no scheme", () => good()],
  ["a scheme alone", () => "Bearer"],
  ["nothing after the scheme", () => "Bearer "],
  ["two blanks", () => `Bearer  ${good()}`],
  ["a tab", () => `Bearer\t${good()}`],
  ["a line break", () => `Bearer ${good()}\r\nX: y`],
  ["two tokens", () => `Bearer ${good()} ${good()}`],
  ["two headers in one", () => `Bearer ${good()}, Bearer ${good()}`],
  ["a token in quotes", () => `Bearer "${good()}"`],
  ["16 KiB of letters", () => `Bearer ${"x".repeat(16_384)}`],
])("an Authorization header with %s: 401, and the code never sees it", async (_what, authorization) => {
  const before = await reached();
  expect(await ask(authorization())).toMatchObject({ status: 401, text: expect.stringContaining(UNVERIFIED) });
  expect(await reached()).toBe(before + 1);
});

test("no spoilt token reaches the code, however it is spoilt", async () => {
  const letter = fc.constantFrom(..."ABCxyz019-_=.+/ é");
  const claims = fc.record(
    {
      email: fc.constantFrom(CALLER, RUNTIME, ELSEWHERE, "", "allUsers"),
      aud: fc.constantFrom(SERVICE, "*", "", [SERVICE]),
      exp: fc.constantFrom(9e9, 0, -1, "never", null),
      __proto__: fc.constant({ email: CALLER }),
    },
    { requiredKeys: [] },
  );
  const spoilt = fc.oneof(
    fc.record({ at: fc.nat(), letter }).map(({ at, letter }) => {
      const token = good();
      const i = at % token.length;
      return token.slice(0, i) + letter + token.slice(i + 1);
    }),
    fc.nat().map((length) => good().slice(0, length % good().length)),
    fc.shuffledSubarray([0, 1, 2]).map((order) => order.map((i) => parts(good())[i]).join(".")),
    fc
      .tuple(
        fc.constantFrom("none", "None", "HS256", "HS512", "RS256", ""),
        claims,
        fc.constantFrom("", "secret", CALLER),
      )
      .map(([alg, changed, key]) => signed(headerOf(alg), encoded({ ...claimsOf(good()), ...changed }), key)),
    fc.tuple(claims, fc.string()).map(([changed, signature]) => {
      const [header] = parts(good());
      return `${header}.${encoded({ ...claimsOf(good()), ...changed })}.${signature}`;
    }),
    fc.tuple(fc.string(), fc.string(), fc.string()).map((each) => each.map(encoded).join(".")),
    fc.string({ unit: "binary" }),
  );
  const before = await reached();
  await fc.assert(
    fc.asyncProperty(spoilt, async (token) => {
      fc.pre(!isGood(token));
      const { status, text } = await ask(`Bearer ${token}`);
      expect([status, text]).toEqual([401, expect.stringContaining(UNVERIFIED)]);
    }),
    { numRuns: 1000 },
  );
  expect(await reached()).toBe(before + 1);
});

/**
 * The same token to whoever decodes base64 as Node does: the signature's last letter has two bits
 * too many.
 */
function isGood(token: string): boolean {
  const [header, payload, signature] = parts(good());
  const [given, claims, other = "", ...more] = token.split(".");
  const same = Buffer.from(other, "base64url").equals(Buffer.from(signature, "base64url"));
  return given === header && claims === payload && same && more.length === 0;
}
