import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import type { IGrantable } from "../core/grantee";
import { check, matches } from "../core/validation";
import { CustomRole } from "./custom-role";
import { RequiredApis } from "./required-apis";

/** A Vertex AI endpoint in the deployment's project and region, with a model that somebody deployed to it. */
export class PredictionEndpoint extends Construct {
  /** `projects/<project>/locations/<region>/endpoints/<endpoint>` */
  readonly fullName: string;

  /** @param endpointId numeric id of the endpoint: 1 to 20 digits */
  constructor(
    scope: Construct,
    id: string,
    readonly endpointId: string,
  ) {
    super(scope, id);
    check(this, [
      matches("Vertex AI endpoint id", endpointId, /^[1-9]\d{0,19}$/, "1 to 20 digits, without a leading zero"),
    ]);
    const { project, region } = Deployment.of(this);
    this.fullName = `projects/${project}/locations/${region}/endpoints/${endpointId}`;
    RequiredApis.of(this).enable("aiplatform");
  }

  /**
   * Lets somebody ask for predictions.
   *
   * Grants a custom role with `aiplatform.endpoints.predict` on the project: the provider has no IAM of single
   * endpoints, and the narrowest predefined role, `roles/aiplatform.user`, has over 400 permissions.
   */
  grantPredict(to: IGrantable): void {
    CustomRole.of(this, "predictor", {
      title: "Endpoint predictor",
      description: "Asks Vertex AI endpoints for predictions, and nothing else",
      permissions: ["aiplatform.endpoints.predict"],
    }).grant(to);
  }
}
