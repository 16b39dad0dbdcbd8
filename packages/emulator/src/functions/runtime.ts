import { randomBytes } from "node:crypto";
import type { FunctionSettings } from "./settings";

/** The code sees this port, as on Cloud Run. The instance really listens on a free port. */
const PORT = "8080";

/**
 * The environment of an instance: the stack's variables, those that Cloud Run adds, and those that
 * lead it to the emulator. Sources:
 * https://docs.cloud.google.com/run/docs/container-contract#env-vars ,
 * https://docs.cloud.google.com/run/docs/configuring/services/overview-environment-variables
 * (reserved for functions), GoogleCloudPlatform/buildpacks (NODE_ENV).
 */
export function runtimeEnvironment(
  {
    name,
    entryPoint,
    environment,
    secrets,
  }: Pick<FunctionSettings, "name" | "entryPoint" | "environment"> & { secrets: Readonly<Record<string, string>> },
  network: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    NODE_ENV: "production",
    ...network,
    ...environment,
    ...secrets,
    ...pick(network, ["NODE_EXTRA_CA_CERTS", "GCE_METADATA_HOST", "LOCAL_GOOGLE_PORT"]),
    NODE_OPTIONS: [network.NODE_OPTIONS, environment.NODE_OPTIONS].filter(Boolean).join(" "),
    PORT,
    K_SERVICE: name,
    K_CONFIGURATION: name,
    K_REVISION: `${name}-00001-run`,
    FUNCTION_TARGET: entryPoint,
    FUNCTION_SIGNATURE_TYPE: "http",
  };
}

/**
 * The headers of a request as an instance gets them: with the headers that Google adds, and without
 * the signature of an ID token,
 * https://docs.cloud.google.com/run/docs/troubleshooting#signature-removed
 */
export function runtimeHeaders(host: string, headers: Readonly<Record<string, string>>): Record<string, string> {
  const { authorization } = headers;
  const trace = randomBytes(16).toString("hex");
  const span = randomBytes(8).toString("hex");
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

function pick(values: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])));
}
