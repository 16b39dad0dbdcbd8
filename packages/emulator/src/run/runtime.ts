import { randomBytes } from "node:crypto";

/**
 * What Cloud Run says to a service about itself. Source:
 * https://docs.cloud.google.com/run/docs/container-contract#env-vars
 */
export function serviceVariables(name: string): Record<string, string> {
  return { K_SERVICE: name, K_CONFIGURATION: name, K_REVISION: `${name}-00001-run` };
}

/**
 * The headers of a request as an instance gets them: with the headers that Google adds, and without
 * the signature of an ID token,
 * https://docs.cloud.google.com/run/docs/troubleshooting#signature-removed
 */
export function runtimeHeaders(host: string, headers: Readonly<Record<string, string>>): Record<string, string> {
  const { authorization } = headers;
  const [trace, span] = [randomHex(16), randomHex(8)];
  return {
    traceparent: `00-${trace}-${span}-00`,
    "x-cloud-trace-context": `${trace}/${BigInt(`0x${span}`)};o=0`,
    ...headers,
    ...(authorization && {
      authorization: authorization.replace(/^(\S+ [\w-]+\.[\w-]+\.)[\w-]+$/, "$1SIGNATURE_REMOVED_BY_GOOGLE"),
    }),
    host,
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-proto": "https",
  };
}

/** Bytes are made in advance, because each time takes as long as all of them. */
let random = Buffer.alloc(0);

function randomHex(bytes: number): string {
  if (random.length < bytes) random = randomBytes(4096);
  const hex = random.toString("hex", 0, bytes);
  random = random.subarray(bytes);
  return hex;
}
