import { block, blocks, containerEnvironment } from "@cdktf-serverless-ml/terraform-json";
import type { EvaluatedResource } from "../core/emulator";
import type { SecretVariable } from "./service-settings";

type Attributes = EvaluatedResource["attributes"];

/** A bucket as a folder. */
export interface BucketMount {
  readonly bucket: string;
  /** Where the container sees it. */
  readonly path: string;
}

/** The container of a template, as services, jobs and worker pools have it. */
export interface ContainerSettings {
  readonly image: string;
  /** Replaces the image's entry point. */
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: readonly SecretVariable[];
  readonly mounts: readonly BucketMount[];
}

/** @param template with `containers` and `volumes` */
export function containerOf(template: Attributes | undefined, project: string): ContainerSettings {
  const container = block(template, "containers");
  return {
    image: String(container?.image),
    command: container?.command,
    args: container?.args,
    environment: Object.fromEntries(
      Object.entries(containerEnvironment(container)).map(([name, value]) => [name, String(value)]),
    ),
    secrets: blocks(container, "env").flatMap((variable) => {
      const reference = block(variable, "value_source", "secret_key_ref");
      if (!reference) return [];
      const { secret, version } = reference;
      const name = String(secret).includes("/") ? secret : `projects/${project}/secrets/${secret}`;
      return [{ variable: variable.name, name, version: version ?? "latest" }];
    }),
    mounts: blocks(container, "volume_mounts").flatMap(({ name, mount_path: path }) => {
      const volume = blocks(template, "volumes").find((each) => each.name === name);
      const bucket = block(volume, "gcs")?.bucket;
      return bucket === undefined ? [] : [{ bucket, path }];
    }),
  };
}

/** Why a template cannot run here; empty if it can. */
export function containerProblems(address: string, template: Attributes | undefined): string[] {
  const containers = blocks(template, "containers");
  if (containers.length !== 1) {
    return [`${address}: template.containers: given ${containers.length}; simulated: one, without sidecars`];
  }
  const names = containers.flatMap((container) => blocks(container, "ports")).map(({ name }) => name);
  return names.includes("h2c") ? [`${address}: template.containers.ports.name: h2c is not simulated`] : [];
}
