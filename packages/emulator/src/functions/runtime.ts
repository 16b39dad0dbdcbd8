import { serviceVariables } from "../run/runtime";
import type { FunctionSettings } from "./settings";

/** The code sees this port, as on Cloud Run. The instance really listens on a free port. */
const PORT = "8080";

/**
 * The environment of an instance on Node.js: the stack's variables, those that Cloud Run adds, and those that
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
    ...serviceVariables(name),
    ...functionVariables(entryPoint),
  };
}

/** What Google's build sets for functions that are called over HTTP. */
export function functionVariables(entryPoint: string): Record<string, string> {
  return { FUNCTION_TARGET: entryPoint, FUNCTION_SIGNATURE_TYPE: "http" };
}

function pick(values: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])));
}
