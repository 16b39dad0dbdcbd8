import type { ProjectIamMember } from "@cdktf/provider-google/lib/project-iam-member";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import type { IGrantable } from "../core/grantee";
import { check, matches } from "../core/validation";
import { CustomRole } from "./custom-role";
import { RequiredApis } from "./required-apis";

/**
 * Ids of endpoints: 1 to 63 of `a-z0-9-` that begin with a letter, as Model Garden makes them, or
 * digits. Google's own ids have up to 19 digits. Source: `endpoints.create`, `endpointId`, in the
 * discovery document of aiplatform v1.
 */
export const ENDPOINT_ID = /^([a-z]([a-z0-9-]{0,61}[a-z0-9])?|[1-9]\d{0,19})$/;
export const ALLOWED_ENDPOINT_ID =
  "1 to 63 of a-z, 0-9 and -, beginning with a letter and not ending with -, or 1 to 20 digits without a leading zero";

/** Properties of {@link PredictionEndpoint}. */
export interface PredictionEndpointProps {
  /**
   * Host of a dedicated endpoint (`dedicatedEndpointEnabled`): its `dedicatedEndpointDns` without
   * `https://`, `<endpoint>.<region>-<uid>.prediction.vertexai.goog`. The shared host refuses
   * dedicated endpoints with 400 FAILED_PRECONDITION. This prints it:
   * `gcloud ai endpoints describe <endpoint> --region=<region> --format="value(dedicatedEndpointDns)"`.
   * @default - the shared host, `<region>-aiplatform.googleapis.com`
   */
  readonly host?: string;
}

/**
 * A Vertex AI endpoint with a deployed model, in the deployment's project and region. This app does
 * not create it.
 */
export class PredictionEndpoint extends Construct {
  /** `projects/<project>/locations/<region>/endpoints/<endpoint>` */
  readonly fullName: string;
  /** Host of a dedicated endpoint. Undefined for an endpoint on the shared host. */
  readonly dedicatedHost?: string;
  /** URL of the endpoint's `:predict` method. */
  readonly predictUrl: string;

  /**
   * Reports InvalidValue.
   *
   * @param endpointId 1 to 63 of `a-z0-9-`, beginning with a letter and not ending with a hyphen;
   *   or 1 to 20 digits without a leading zero
   */
  constructor(
    scope: Construct,
    id: string,
    readonly endpointId: string,
    props: PredictionEndpointProps = {},
  ) {
    super(scope, id);
    const { project, region } = Deployment.of(this);
    const { host } = props;
    const rest = host?.startsWith(`${endpointId}.${region}-`) ? host.slice(`${endpointId}.${region}-`.length) : "";
    check(this, [
      matches("Vertex AI endpoint id", endpointId, ENDPOINT_ID, ALLOWED_ENDPOINT_ID),
      {
        code: "InvalidValue",
        broken: host !== undefined && !/^[a-z0-9-]+\.prediction\.vertexai\.goog$/.test(rest),
        message: `host of the Vertex AI endpoint is "${host}"; allowed is its dedicatedEndpointDns without https://, ${endpointId}.${region}-<uid>.prediction.vertexai.goog`,
      },
    ]);
    this.fullName = `projects/${project}/locations/${region}/endpoints/${endpointId}`;
    this.dedicatedHost = host;
    this.predictUrl = `https://${host ?? `${region}-aiplatform.googleapis.com`}/v1/${this.fullName}:predict`;
    RequiredApis.of(this).enable("aiplatform");
  }

  /**
   * Lets a principal get predictions.
   *
   * Grants a custom role with `aiplatform.endpoints.predict` on the project: the provider has no
   * IAM of single endpoints, and the narrowest predefined role, `roles/aiplatform.user`, has over
   * 400 permissions.
   */
  grantPredict(to: IGrantable): ProjectIamMember {
    return CustomRole.of(this, "predictor", {
      title: "Endpoint predictor",
      description: "Asks Vertex AI endpoints for predictions, and nothing else",
      permissions: ["aiplatform.endpoints.predict"],
    }).grant(to);
  }
}
