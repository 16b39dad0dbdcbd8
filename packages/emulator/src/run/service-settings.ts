import type { SecretReference } from "../secrets";

/** An environment variable whose value is a secret's. */
export type SecretVariable = SecretReference & { readonly variable: string };

/** A Cloud Run service, of a function or of containers. Times in milliseconds. */
export interface ServiceSettings {
  readonly address: string;
  readonly name: string;
  readonly region: string;
  readonly url: string;
  /** Its other URLs: the one that follows from the project's number, and a function's own. */
  readonly aliases: readonly string[];
  /** Further audiences of ID tokens for it. */
  readonly audiences: readonly string[];
  /** Full name. */
  readonly service: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: readonly SecretVariable[];
  readonly identity: string;
  readonly internalOnly: boolean;
  /** All of its calls go through a VPC network. */
  readonly egressThroughVpc: boolean;
  /** Whether callers need no permission. */
  readonly open: boolean;
  readonly timeout: number;
  /** Requests that an instance takes at once. */
  readonly concurrency: number;
  readonly minInstances: number;
  readonly maxInstances: number;
}
