import type { FunctionServiceProps } from "../parts/function-service";

/** What of a pattern's function a user may override. The encryption key is the pattern's. */
export type WorkerProps = Partial<Omit<FunctionServiceProps, "encryptionKey">>;

/**
 * Instances at most of a function that a push subscription calls. Nothing but this bounds how many messages come at one time, and
 * Cloud Run's 429 while no instance is free counts as a delivery. 100 is also what Cloud Functions gives where nobody asks.
 */
export const PUSH_INSTANCES = 100;

/** Variables that FunctionService and what calls it set. */
type SetByParts = "GOOGLE_CLOUD_PROJECT" | "FUNCTION_TIMEOUT_SECONDS" | "MAX_ATTEMPTS" | "DEAD_LETTER_TOPIC";

/**
 * The environment of a pattern's function: what its own folder asks for (type-checked), then the user's variables.
 * Variables that are empty are left out.
 */
export function environment<Contract extends Record<string, unknown>>(
  own: Omit<Contract, SetByParts> & Record<string, string>,
  user: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const variables: Record<string, string> = { ...own, ...user };
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
}
