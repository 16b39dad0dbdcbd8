/**
 * Runtimes of Cloud Functions that Google has decommissioned, each with the day since which
 * functions can no longer be created or redeployed. Source:
 * https://cloud.google.com/functions/docs/runtime-support (read 2026-11).
 */
const DECOMMISSIONED: Readonly<Record<string, string>> = {
  nodejs6: "2020-08-01",
  nodejs8: "2021-02-01",
  nodejs10: "2025-01-30",
  nodejs12: "2025-01-30",
  nodejs14: "2025-01-30",
  nodejs16: "2025-01-30",
  nodejs18: "2025-10-30",
  nodejs20: "2026-10-30",
  python37: "2025-01-30",
  python38: "2025-10-14",
  python39: "2026-10-05",
};

/**
 * Runtime of bundled functions: the newest long-term support release of Node.js that Google offers.
 */
export const DEFAULT_NODE_RUNTIME = "nodejs24";

/**
 * Whether an instance can read what Node.js compiled in the build. Google starts instances with
 * `--max-old-space-size`, by their memory, and Node.js 22 takes no code that was compiled with other
 * flags (verified with 22.23 and 24.21; GoogleCloudPlatform/buildpacks, cmd/nodejs/runtime/exec/heapsize.sh).
 */
export function takesCompiledCode(runtime: string): boolean {
  return Number(/^nodejs(\d+)$/.exec(runtime)?.[1] ?? 0) >= 24;
}

/** The reason why a runtime cannot be used, or undefined. */
export function runtimeProblem(runtime: string): string | undefined {
  const since = DECOMMISSIONED[runtime];
  if (since) {
    const language = runtime.startsWith("python") ? "python310 or newer" : `nodejs22 or ${DEFAULT_NODE_RUNTIME}`;
    return `runtime ${runtime} was decommissioned on ${since}: Google no longer creates or redeploys functions with it; use ${language}`;
  }
  if (!/^(nodejs|python|go|java|dotnet|ruby|php)\d+$/.test(runtime)) {
    return `runtime is "${runtime}"; allowed is the id of a Cloud Functions runtime, such as ${DEFAULT_NODE_RUNTIME} or python313`;
  }
  return undefined;
}
