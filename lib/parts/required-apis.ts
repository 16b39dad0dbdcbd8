import { ProjectService } from "@cdktf/provider-google/lib/project-service";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import { Duration } from "../core/duration";
import { singleton } from "../core/stack";
import { Wait } from "./order";

/** The provider uses it to read whether an API is enabled. */
const FIRST = "cloudresourcemanager";

/**
 * The Google APIs that a stack needs. Each is enabled once, and stays enabled when the stack is
 * destroyed.
 *
 * An API and its service agents take effect some time after the API was enabled. One pause of 60
 * seconds in each stack is between the APIs and what needs them. Google names no upper bound, so
 * the pause makes failures rare. Certain is what docs/deploying.md lists under "Before the first
 * time".
 */
export class RequiredApis extends Construct {
  /** The APIs of the stack of `scope`. */
  static of(scope: Construct): RequiredApis {
    return singleton(scope, "apis", (stack) => new RequiredApis(stack, "apis"));
  }

  private readonly wait = new Wait(this, "take-effect", Duration.seconds(60));

  /**
   * Enables an API unless it is enabled already.
   *
   * @param api short name, such as `pubsub` for `pubsub.googleapis.com`
   * @returns what a data source of that API depends on; resources depend on
   *   {@link RequiredApis.ready}
   */
  enable(api: string): ProjectService {
    const existing = this.node.tryFindChild(api) as ProjectService | undefined;
    if (existing) return existing;
    const service = new ProjectService(this, api, {
      project: Deployment.of(this).project,
      service: `${api}.googleapis.com`,
      // Others may use the API. Terraform's default would disable it for them.
      disableOnDestroy: false,
      dependsOn: api === FIRST ? undefined : [this.enable(FIRST)],
    });
    this.wait.waitFor(service);
    return service;
  }

  /**
   * Enables APIs unless they are enabled already.
   *
   * @returns what resources of these APIs, and grants to their service agents, depend on, so that
   *   the first apply to a new project works: the APIs, and the pause until they take effect
   */
  ready(...apis: readonly string[]): ITerraformDependable[] {
    return [...apis.map((api) => this.enable(api)), this.wait];
  }
}
