import { ApiError } from "../core/api-error";
import type { EmulatorContext, EvaluatedResource } from "../core/emulator";
import { LoadProblems } from "../core/load-error";
import type { Call } from "../core/rpc";
import type { Emulator } from "../core/service";
import { readText } from "../core/values";
import { crc32c } from "../storage/checksums";
import type { Secrets } from "./secrets";

const VERSION = "google_secret_manager_secret_version";

/** Emulates Secret Manager. What it does and does not: FIDELITY.md. */
export class SecretManagerEmulator implements Emulator {
  /** Source: google/cloud/secretmanager/v1/service.proto. */
  readonly handlers = { AccessSecretVersion: (call: Call) => this.access(call) };

  /** @throws LoadError for a secret of more than one version */
  constructor(
    private readonly context: EmulatorContext,
    resources: readonly EvaluatedResource[],
    private readonly secrets: Secrets,
  ) {
    const problems = new LoadProblems();
    const seen = new Set<string>();
    for (const { address, type, attributes } of resources) {
      if (type !== VERSION) continue;
      const name = secrets.fullName(attributes.secret);
      if (seen.has(name)) problems.add(address, `${name} has more than one version, which is not simulated`);
      seen.add(name);
    }
    problems.throwIfAny();
  }

  pending(): number {
    return 0;
  }

  stop(): void {}

  /** Source of the answer: `SecretPayload` in google/cloud/secretmanager/v1/resources.proto. */
  private access({ request, caller }: Call): object {
    const [, secret = "", version = ""] = /^(.+)\/versions\/(.+)$/.exec(readText(request.name, "name")) ?? [];
    if (!/^(latest|[1-9]\d*)$/.test(version)) {
      throw new ApiError("INVALID_ARGUMENT", `Invalid version ${version}; allowed: a number, or latest.`);
    }
    const name = this.secrets.fullName(secret);
    this.context.authorizer.require(caller, "secretmanager.versions.access", name);
    const value = this.secrets.valueOf(name);
    if (value === undefined) throw new ApiError("NOT_FOUND", `Secret [${name}] not found or has no versions.`);
    const data = Buffer.from(value);
    const { projectNumber } = this.context;
    return {
      name: `projects/${projectNumber}/secrets/${name.split("/").at(-1)}/versions/${version === "latest" ? 1 : version}`,
      // An int64, in JSON a text.
      payload: {
        data: data.toString("base64"),
        dataCrc32c: String(Buffer.from(crc32c(data), "base64").readUInt32BE()),
      },
    };
  }
}
