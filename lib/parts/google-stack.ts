import { GoogleProvider } from "@cdktf/provider-google/lib/provider";
import { GcsBackend, LocalBackend, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { BUCKET_NAME, Deployment, type DeploymentProps } from "../core/deployment";
import { stateFile, statePrefix } from "../core/state-place";
import { check, matches } from "../core/validation";

/** Properties of {@link GoogleStack}. */
export interface GoogleStackProps extends DeploymentProps {
  /**
   * Cloud Storage bucket for the Terraform state, under the prefix `<environment>/<stack>`.
   * @default - a local file, `terraform.<environment>.<stack>.tfstate` beside the output folder.
   *   Only for trying out
   */
  readonly stateBucket?: string;
}

/**
 * A stack in one project and region, with its Google provider and its backend. Reports
 * InvalidValue.
 */
export class GoogleStack extends TerraformStack {
  /** Project, region, environment and labels of all resources of the stack. */
  readonly deployment: Deployment;
  /** The provider of all resources of the stack. */
  readonly provider: GoogleProvider;

  constructor(scope: Construct, id: string, props: GoogleStackProps) {
    super(scope, id);
    this.deployment = Deployment.attach(this, props);
    const { project, region, environment } = this.deployment;

    this.provider = new GoogleProvider(this, "google", { project, region });
    if (props.stateBucket) {
      check(this, [
        matches("state bucket", props.stateBucket, BUCKET_NAME, "the name of a Cloud Storage bucket, without gs://"),
      ]);
      new GcsBackend(this, { bucket: props.stateBucket, prefix: statePrefix(environment, id) });
    } else {
      // The path is relative to cdktf.out/stacks/<stack>, where Terraform runs, so that the output
      // does not depend on the folder.
      new LocalBackend(this, { path: stateFile(environment, id) });
    }
  }
}
