import { request } from "node:http";
import { type Network, TokenAuthority } from "../../src/network";
import { ACCOUNT, result, run, startNetwork } from "./support";

// Tokens of service accounts, and the metadata servers that hand them out.

let network: Network;
let tokens: TokenAuthority;
beforeAll(async () => {
  ({ network, tokens } = await startNetwork());
});
afterAll(() => network.stop());

const AUDIENCE = "https://a-b-uc.a.run.app";

async function ask(path: string, headers: Record<string, string> = { "metadata-flavor": "Google" }) {
  const { GCE_METADATA_HOST } = await network.environment(ACCOUNT);
  return new Promise<{ status: number | undefined; flavor: unknown; body: string }>((resolve, reject) => {
    request(`http://${GCE_METADATA_HOST}${path}`, { headers }, (response) => {
      let body = "";
      response.on("data", (data) => {
        body += data;
      });
      response.on("end", () => {
        resolve({ status: response.statusCode, flavor: response.headers["metadata-flavor"], body });
      });
    })
      .on("error", reject)
      .end();
  });
}
const value = async (path: string) => (await ask(`/computeMetadata/v1/${path}`)).body;

test("an ID token is a JWT with Google's claims", () => {
  const [, payload = ""] = tokens.idToken(ACCOUNT, AUDIENCE).split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
  expect(claims).toMatchObject({
    aud: AUDIENCE,
    email: ACCOUNT,
    email_verified: true,
    iss: "https://accounts.google.com",
    sub: expect.stringMatching(/^\d{21}$/),
  });
  expect(claims.exp - claims.iat).toBe(3600);
  expect(Math.abs(claims.iat - Date.now() / 1000)).toBeLessThan(5);
});

test("tokens name their account; those of another run, and forged ones, name nobody", () => {
  const access = tokens.accessToken(ACCOUNT);
  const id = tokens.idToken(ACCOUNT, AUDIENCE);
  expect(tokens.verify(`Bearer ${access}`)).toEqual({ email: ACCOUNT });
  expect(tokens.verify(`bearer ${id}`)).toEqual({ email: ACCOUNT, audience: AUDIENCE });
  const [header = "", payload = "", signature = ""] = id.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
  const forged = Buffer.from(JSON.stringify({ ...claims, email: "admin@x" })).toString("base64url");
  const others = new TokenAuthority();
  for (const token of [
    `${header}.${forged}.${signature}`,
    `${header}.${payload}.`,
    `${header}.${payload}`,
    others.idToken(ACCOUNT, AUDIENCE),
    others.accessToken(ACCOUNT),
    `${access}x`,
  ]) {
    expect(tokens.verify(`Bearer ${token}`)).toBeUndefined();
  }
  expect(tokens.verify(undefined)).toBeUndefined();
  expect(tokens.verify(`Basic ${access}`)).toBeUndefined();
});

test("tokens are handed out again until five minutes before their end, and end after an hour", () => {
  let now = 1_800_000_000_000;
  const authority = new TokenAuthority({ now: () => now });
  const [access, id] = [authority.accessToken(ACCOUNT), authority.idToken(ACCOUNT, AUDIENCE)];
  now += 55 * 60_000 - 1;
  expect([authority.accessToken(ACCOUNT), authority.idToken(ACCOUNT, AUDIENCE)]).toEqual([access, id]);
  expect(authority.accessTokenLifetime(ACCOUNT)).toBe(300);
  now += 1;
  expect(authority.accessToken(ACCOUNT)).not.toBe(access);
  expect(authority.idToken(ACCOUNT, AUDIENCE)).not.toBe(id);
  expect(authority.verify(`Bearer ${access}`)).toEqual({ email: ACCOUNT });
  now += 5 * 60_000;
  expect(authority.verify(`Bearer ${access}`)).toEqual({ email: ACCOUNT, expired: true });
  expect(authority.verify(`Bearer ${id}`)).toEqual({ email: ACCOUNT, audience: AUDIENCE, expired: true });
});

test("the metadata server tells project, region, account and tokens", async () => {
  expect(await value("project/project-id")).toBe("acme-ml");
  expect(await value("project/numeric-project-id")).toBe("123456789012");
  expect(await value("instance/region")).toBe("projects/123456789012/regions/us-central1");
  expect(await value("instance/service-accounts/default/email")).toBe(ACCOUNT);
  expect(await value(`instance/service-accounts/${ACCOUNT}/email`)).toBe(ACCOUNT);
  expect(JSON.parse(await value("instance/service-accounts/default/?recursive=true")).email).toBe(ACCOUNT);
  const token = JSON.parse(await value("instance/service-accounts/default/token"));
  expect(token).toEqual({
    access_token: tokens.accessToken(ACCOUNT),
    expires_in: expect.any(Number),
    token_type: "Bearer",
  });
  expect(token.expires_in).toBeGreaterThan(3500);
  const id = await value(`instance/service-accounts/default/identity?audience=${encodeURIComponent(AUDIENCE)}`);
  expect(tokens.verify(`Bearer ${id}`)).toEqual({ email: ACCOUNT, audience: AUDIENCE });
});

test("the metadata server refuses as Google's does", async () => {
  expect(await ask("/computeMetadata/v1/project/project-id", {})).toMatchObject({ status: 403, flavor: "Google" });
  const forwarded = { "metadata-flavor": "Google", "x-forwarded-for": "1.2.3.4" };
  expect((await ask("/computeMetadata/v1/project/project-id", forwarded)).status).toBe(403);
  expect((await ask("/computeMetadata/v1/instance/service-accounts/default/identity")).status).toBe(400);
  expect((await ask("/computeMetadata/v1/instance/service-accounts/other@x/token")).status).toBe(404);
  expect(await ask("/computeMetadata/v1/instance/disks/")).toMatchObject({
    status: 404,
    body: "/computeMetadata/v1/instance/disks/ is not simulated",
  });
});

test("google-auth-library finds account, project and ID tokens by itself, in each process its own", async () => {
  const program = `
    const { GoogleAuth } = require("google-auth-library");
    (async () => {
      const auth = new GoogleAuth();
      const client = await auth.getIdTokenClient("${AUDIENCE}");
      const headers = new Headers(await client.getRequestHeaders());
      console.log(JSON.stringify([await auth.getProjectId(), (await auth.getCredentials()).client_email, headers.get("authorization")]));
    })();`;
  for (const email of [ACCOUNT, "other@acme-ml.iam.gserviceaccount.com"]) {
    const [project, found, authorization] = result(await run(network, program, { email })) as string[];
    expect([project, found]).toEqual(["acme-ml", email]);
    expect(tokens.verify(authorization)).toEqual({ email, audience: AUDIENCE });
  }
});
