import { createHash } from "node:crypto";
import type { ProviderDefaults } from "../model";
import type { Attributes, IamFamily } from "./resource-type";

export function project(a: Attributes, d: ProviderDefaults): string {
  return a.project ?? d.project;
}

/** `projects/P/locations/L` */
export function regional(a: Attributes, d: ProviderDefaults): string {
  return `projects/${project(a, d)}/locations/${a.location ?? a.region ?? d.region}`;
}

/** Digits that follow from a text, where Google draws them: so every run has the same ones. */
export function digits(seed: string, count: number): string {
  const hash = createHash("sha256").update(String(seed)).digest("hex");
  return (BigInt(`0x${hash}`) % 10n ** BigInt(count)).toString().padStart(count, "0");
}

/** Google's twelve digits of a project; here they follow from its id. */
export function projectNumber(projectId: string): string {
  return `1${digits(projectId, 11)}`;
}

/** Grants on resources of a location. Their name may be given in full. */
export function regionalFamily(name: string, collection: string): IamFamily {
  return {
    attributes: ["project", "location", name],
    name,
    resource: (a, home) =>
      a[name].startsWith("projects/")
        ? a[name]
        : `projects/${a.project ?? home}/locations/${a.location}/${collection}/${a[name]}`,
  };
}

/** Grants on resources without a location. Their name may be given in full. */
export function globalFamily(name: string, collection: string): IamFamily {
  return {
    attributes: ["project", name],
    name,
    resource: (a, home) =>
      a[name].startsWith("projects/") ? a[name] : `projects/${a.project ?? home}/${collection}/${a[name]}`,
  };
}
