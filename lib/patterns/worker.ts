import type { Construct } from "constructs";
import type { Duration } from "../core/duration";
import type { FunctionSource } from "../core/function-source";
import { report, ValidationError } from "../core/validation";
import { ContainerService, type ContainerServiceProps } from "../parts/container-service";
import type { EncryptionKey } from "../parts/encryption-key";
import { FunctionService, type FunctionServiceProps } from "../parts/function-service";

/** A worker of a pattern. */
export type Worker = FunctionService | ContainerService;

/**
 * Properties of a pattern's worker that a user may give: those of a container where `image` is
 * among them, else overrides of a function.
 */
export type WorkerProps = FunctionWorkerProps | ContainerWorkerProps;

/** Overrides of a pattern's function. The pattern sets the encryption key. */
export interface FunctionWorkerProps extends Partial<Omit<FunctionServiceProps, "encryptionKey">> {
  /**
   * Makes the worker a container, see {@link ContainerWorkerProps}.
   * @default - a function
   */
  readonly image?: undefined;
}

/**
 * Properties of a container in place of a pattern's function. It gets the variables and the roles
 * that the function would get. The pattern sets the encryption key.
 */
export interface ContainerWorkerProps extends Omit<ContainerServiceProps, "encryptionKey"> {
  /**
   * The code of a function; a container has it in its image.
   * @default - none
   */
  readonly source?: undefined;
}

/** What a pattern gives its worker. The user's properties override it, but for the environment. */
interface WorkerDefaults {
  /**
   * Code of the function.
   * @default - `source` of the user's properties, which must be there where there is no `image`
   */
  readonly source?: FunctionSource;
  readonly description: string;
  readonly timeout?: Duration;
  readonly maxInstances?: number;
  readonly encryptionKey?: EncryptionKey;
  /** All variables, see {@link environment}. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Makes the worker of a pattern. Reports InvalidValue where it is given both code and an image.
 *
 * @throws ValidationError InvalidValue where it has neither, which types refuse
 */
export function createWorker(
  scope: Construct,
  id: string,
  { source, ...defaults }: WorkerDefaults,
  props: WorkerProps = {},
): Worker {
  const { environment } = defaults;
  if (props.image !== undefined) {
    const worker = new ContainerService(scope, id, { ...defaults, ...props, environment });
    if (props.source !== undefined) {
      report(worker, "InvalidValue", "both source and image are given; a worker is either a function or a container");
    }
    return worker;
  }
  const code = props.source ?? source;
  if (!code) {
    throw new ValidationError(
      "InvalidValue",
      "neither source nor image is given; a worker is either a function or a container",
      `${scope.node.path}/${id}`,
    );
  }
  return new FunctionService(scope, id, { ...defaults, ...props, source: code, environment });
}

/**
 * Instances at most of a worker that a push subscription calls. Nothing else limits how many
 * messages arrive at one time, and Cloud Run's 429 while no instance is free counts as a delivery.
 * 100 is also the default of Cloud Functions.
 */
export const PUSH_INSTANCES = 100;

/** Variables that the worker sets itself, or a queue or subscription sets through it. */
type SetByParts =
  | "GOOGLE_CLOUD_PROJECT"
  | "FUNCTION_TIMEOUT_SECONDS"
  | "MAX_ATTEMPTS"
  | "DEAD_LETTER_TOPIC"
  | "REDRIVE_SUBSCRIPTION";

/**
 * The environment of a pattern's worker: the variables that the folder of its function declares
 * (type-checked), then the user's. Leaves out empty variables.
 */
export function environment<Contract extends Record<string, unknown>>(
  own: Omit<Contract, SetByParts> & Record<string, string>,
  user: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const variables: Record<string, string> = { ...own, ...user };
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
}
