import { ProjectService } from "@cdktf/provider-google/lib/project-service";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import { Duration } from "../core/duration";
import { singleton } from "../core/stack";
import { Wait } from "./order";

/** The provider reads the project with it, to see whether an API is on. */
const FIRST = "cloudresourcemanager";

/**
 * The Google APIs that a stack needs: each is enabled once, and stays enabled when the stack is destroyed.
 *
 * An API takes effect some time after it was enabled, and so do its service agents. A pause of 60 seconds, one a stack,
 * stands between the APIs and what needs them. Google names no bound, so the pause makes failures rare; certain is what
 * docs/deploying.md lists under "Before the first time".
 */
export class RequiredApis extends Construct {
  static of(scope: Construct): RequiredApis {
    return singleton(scope, "apis", (stack) => new RequiredApis(stack, "apis"));
  }

  private readonly wait = new Wait(this, "take-effect", Duration.seconds(60));

  /**
   * Enables an API unless it is enabled already.
   *
   * @param api short name, such as `pubsub` for `pubsub.googleapis.com`
   * @returns what a data source of that API depends on; resources depend on {@link RequiredApis.ready}
   */
  enable(api: string): ProjectService {
    const existing = this.node.tryFindChild(api) as ProjectService | undefined;
    if (existing) return existing;
    const service = new ProjectService(this, api, {
      project: Deployment.of(this).project,
      service: `${api}.googleapis.com`,
      // Other stacks and people may use the API; Terraform's default would switch it off for them.
      disableOnDestroy: false,
      dependsOn: api === FIRST ? undefined : [this.enable(FIRST)],
    });
    this.wait.waitFor(service);
    return service;
  }

  /**
   * Enables APIs unless they are enabled already.
   *
   * @returns what resources of these APIs, and grants to their service agents, depend on, so that the first apply to a new
   *   project works: the APIs, and the pause that they take to come into effect
   */
  ready(...apis: readonly string[]): ITerraformDependable[] {
    return [...apis.map((api) => this.enable(api)), this.wait];
  }
}
