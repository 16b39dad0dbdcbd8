import type { EvaluatedResource } from "../core/emulator";

/** A secret as a resource names it. */
export interface SecretReference {
  /** `projects/P/secrets/S` */
  readonly name: string;
  /** A number, or `latest`. */
  readonly version: string;
}

export interface SecretsOptions {
  readonly project: string;
  /** Google names a secret's project by either. */
  readonly projectNumber: string;
  readonly resources: readonly EvaluatedResource[];
  /** What functions ask for. */
  readonly references: readonly SecretReference[];
  /** By a secret's id or full name; one value for all of its versions. */
  readonly given?: Readonly<Record<string, string>>;
}

/** Values of secrets: from the user, from the stack, or else made up. A made-up value says so. */
export class Secrets {
  /** Full names of secrets whose values are made up. */
  readonly madeUp: readonly string[];
  private readonly values = new Map<string, string>();

  constructor(private readonly options: SecretsOptions) {
    const { references, resources, given = {} } = options;
    for (const { type, attributes } of resources) {
      if (type === "google_secret_manager_secret_version") {
        this.values.set(this.fullName(attributes.secret), String(attributes.secret_data ?? ""));
      }
    }
    for (const [name, value] of Object.entries(given)) this.values.set(this.fullName(name), value);
    const others = new Set(references.map(({ name }) => this.fullName(name)).filter((name) => !this.values.has(name)));
    for (const name of others) this.values.set(name, `made-up-value-of-${name.split("/").at(-1)}`);
    this.madeUp = [...others].sort();
  }

  /**
   * @param secret id, or full name with the project's id or number
   * @returns undefined for an unknown secret
   */
  valueOf(secret: string): string | undefined {
    return this.values.get(this.fullName(secret));
  }

  /** `projects/P/secrets/S`, by the project's id: what bindings are on. */
  fullName(secret: string): string {
    const { project, projectNumber } = this.options;
    const [, owner = project, id = secret] = /^projects\/([^/]+)\/secrets\/([^/]+)$/.exec(secret) ?? [];
    return `projects/${owner === projectNumber ? project : owner}/secrets/${id}`;
  }
}
