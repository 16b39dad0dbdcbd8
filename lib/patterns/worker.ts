import type { FunctionServiceProps } from "../parts/function-service";

/**
 * Properties of a pattern's function that a user may override. The pattern sets the encryption key.
 */
export type WorkerProps = Partial<Omit<FunctionServiceProps, "encryptionKey">>;

/**
 * Instances at most of a function that a push subscription calls. Nothing else limits how many
 * messages arrive at one time, and Cloud Run's 429 while no instance is free counts as a delivery.
 * 100 is also the default of Cloud Functions.
 */
export const PUSH_INSTANCES = 100;

/** Variables that FunctionService sets, or a queue or subscription sets through it. */
type SetByParts = "GOOGLE_CLOUD_PROJECT" | "FUNCTION_TIMEOUT_SECONDS" | "MAX_ATTEMPTS" | "DEAD_LETTER_TOPIC";

/**
 * The environment of a pattern's function: the variables that its own folder declares
 * (type-checked), then the user's. Leaves out empty variables.
 */
export function environment<Contract extends Record<string, unknown>>(
  own: Omit<Contract, SetByParts> & Record<string, string>,
  user: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const variables: Record<string, string> = { ...own, ...user };
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
}
