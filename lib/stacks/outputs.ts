import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";

/** Adds Terraform outputs under exactly these names. */
export function addOutputs(
  scope: Construct,
  outputs: Readonly<Record<string, string | readonly string[] | undefined>>,
): void {
  for (const [name, value] of Object.entries(outputs)) {
    if (value !== undefined) new TerraformOutput(scope, name, { value });
  }
}
