import { ProjectService } from "@cdktf/provider-google/lib/project-service";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import { singleton } from "./singleton";

/** The Google APIs that a stack needs: each is enabled once, and stays enabled when the stack is destroyed. */
export class RequiredApis extends Construct {
  static of(scope: Construct): RequiredApis {
    return singleton(scope, "apis", (stack) => new RequiredApis(stack, "apis"));
  }

  /**
   * Enables an API unless it is enabled already.
   *
   * @param api short name, such as `pubsub` for `pubsub.googleapis.com`
   * @returns what a resource of that API depends on, so that the first apply to a new project works
   */
  enable(api: string): ProjectService {
    const existing = this.node.tryFindChild(api) as ProjectService | undefined;
    return (
      existing ??
      new ProjectService(this, api, {
        project: Deployment.of(this).project,
        service: `${api}.googleapis.com`,
        // Other stacks and people may use the API; Terraform's default would switch it off for them.
        disableOnDestroy: false,
      })
    );
  }
}
