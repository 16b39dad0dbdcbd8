import { existsSync, readFileSync } from "node:fs";
import type { ProjectIamMember } from "@cdktf/provider-google/lib/project-iam-member";
import { WorkflowsWorkflow, type WorkflowsWorkflowConfig } from "@cdktf/provider-google/lib/workflows-workflow";
import { Construct, type IConstruct } from "constructs";
import { parseDocument } from "yaml";
import { appPath, searchedFolders } from "../core/app-path";
import { Deployment } from "../core/deployment";
import type { Grantee, IGrantable } from "../core/grantee";
import { checkImportedName, resourceName } from "../core/names";
import { literal, literals } from "../core/terraform-text";
import { check, inCharacters, report } from "../core/validation";
import { Alerts } from "./alerts";
import { CustomRole } from "./custom-role";
import { protectedFromDeletion } from "./deletion-protection";
import type { EncryptionKey } from "./encryption-key";
import { grantOnProject } from "./grants";
import { RequiredApis } from "./required-apis";
import { ServiceAgents } from "./service-agents";
import { ServiceIdentity } from "./service-identity";

/** A workflow, whether this app creates it or not. */
export interface IWorkflow extends IConstruct {
  /** Last part of `fullName`. */
  readonly name: string;
  /**
   * `projects/<project>/locations/<region>/workflows/<workflow>`, known before anything is applied.
   */
  readonly fullName: string;
  /**
   * Lets a principal start executions.
   *
   * Grants a custom role with `workflows.executions.create` on the project: Workflows has no IAM of
   * single workflows, and `roles/workflows.invoker` could also cancel executions and call
   * callbacks.
   */
  grantExecute(to: IGrantable): ProjectIamMember;
}

/** Properties of {@link Workflow}. */
export interface WorkflowProps {
  /**
   * Path of the definition, a YAML file of up to 128 KB: absolute, or relative to the working
   * directory or the folder of cdktf.json.
   */
  readonly source: string;
  /**
   * Values that the definition reads with `sys.get_env("NAME")`. Up to 20, each up to 4 KiB. Names
   * must not begin with `GOOGLE` or `WORKFLOWS`.
   * @default - none
   */
  readonly variables?: Readonly<Record<string, string>>;
  /**
   * 1 to 64 of `A-Za-z0-9_-`.
   * @default - made of the construct path and the environment
   */
  readonly name?: string;
  /**
   * Up to 1000 characters.
   * @default - none
   */
  readonly description?: string;
  /**
   * Calls of the workflow that are logged.
   * @default "LOG_ERRORS_ONLY"
   */
  readonly callLogLevel?: "LOG_ALL_CALLS" | "LOG_ERRORS_ONLY" | "LOG_NONE";
  /**
   * Makes Terraform refuse to delete or rename the workflow, which would end its running
   * executions. `prevent_destroy` refuses in the plan, so that `terraform destroy` changes nothing.
   * `deletion_protection` also refuses where the workflow is no longer in the code. To destroy the
   * workflow, set `false` and apply that first: `deletion_protection` is in the state, and would
   * stop a destroy halfway.
   * @default true
   */
  readonly deletionProtection?: boolean;
  /**
   * Key that encrypts definition and executions.
   * @default - Google's keys
   */
  readonly encryptionKey?: EncryptionKey;
  /**
   * Shallow overrides of the inner `google_workflows_workflow`.
   * @default - none
   */
  readonly overrides?: Partial<WorkflowsWorkflowConfig>;
}

const MAX_SOURCE_BYTES = 128 * 1024;

abstract class WorkflowBase extends Construct implements IWorkflow {
  abstract readonly name: string;

  get fullName(): string {
    const { project, region } = Deployment.of(this);
    return `projects/${project}/locations/${region}/workflows/${this.name}`;
  }

  grantExecute(to: IGrantable): ProjectIamMember {
    return CustomRole.of(this, "execution-starter", {
      title: "Workflow execution starter",
      description: "Starts executions of workflows, and nothing else",
      permissions: ["workflows.executions.create"],
    }).grant(to);
  }
}

/**
 * A workflow with its own identity.
 *
 * Grants `roles/logging.logWriter` on the project to that identity, for `sys.log` and call logs.
 * Reports InvalidSource, InvalidWorkflow, InvalidName, InvalidValue and OutOfRange.
 */
export class Workflow extends WorkflowBase implements IGrantable {
  /**
   * A workflow of the deployment's project and region that this app does not create. Reports
   * InvalidName.
   */
  static fromName(scope: Construct, id: string, name: string): IWorkflow {
    return new ImportedWorkflow(scope, id, name);
  }

  /** The inner `google_workflows_workflow`. */
  readonly resource: WorkflowsWorkflow;
  /** The service account that executions run as. */
  readonly identity: ServiceIdentity;
  /** Name of the resource, known before anything is applied. */
  readonly name: string;

  constructor(scope: Construct, id: string, props: WorkflowProps) {
    super(scope, id);
    const { project, region, labels } = Deployment.of(this);
    const { variables = {}, encryptionKey } = props;
    const source = this.readSource(props.source);
    check(this, [...variableRules(variables), inCharacters("description", props.description, 1000)]);

    this.identity = new ServiceIdentity(this, "identity", { description: `Runs the workflow ${id}` });
    grantOnProject(this, "roles/logging.logWriter", this.identity);
    this.name = resourceName(this, "workflow", props.name);
    this.resource = new WorkflowsWorkflow(this, "Resource", {
      project,
      region,
      name: this.name,
      description: literal(props.description),
      labels,
      serviceAccount: this.identity.resource.id,
      // `${…}` in the definition is an expression of Workflows, not of Terraform.
      sourceContents: literal(source),
      userEnvVars: literals(variables),
      callLogLevel: props.callLogLevel ?? "LOG_ERRORS_ONLY",
      ...protectedFromDeletion(props.deletionProtection ?? true),
      cryptoKeyName: encryptionKey?.name,
      dependsOn: [
        // Without its service agent, creating a workflow fails with FAILED_PRECONDITION.
        ...RequiredApis.of(this).ready("workflows", "workflowexecutions"),
        ...(encryptionKey ? [encryptionKey.grantUse(this, ServiceAgents.of(this).workflows)] : []),
      ],
      ...props.overrides,
    });
    this.addAlert();
  }

  get grantee(): Grantee {
    return this.identity.grantee;
  }

  private readSource(path: string): string {
    const file = appPath(path);
    if (!existsSync(file)) {
      report(this, "InvalidSource", `workflow definition "${path}" does not exist, relative to ${searchedFolders()}`);
      return "";
    }
    const source = readFileSync(file, "utf8").replace(/\r\n/g, "\n");
    const [problem] = parseDocument(source).errors;
    check(this, [
      {
        code: "InvalidWorkflow",
        broken: problem !== undefined,
        message: `workflow definition "${path}" is not valid YAML: ${problem?.message.split("\n")[0]}`,
      },
      {
        code: "InvalidWorkflow",
        broken: Buffer.byteLength(source) > MAX_SOURCE_BYTES,
        message: `workflow definition "${path}" has ${Buffer.byteLength(source)} bytes; allowed are up to ${MAX_SOURCE_BYTES}`,
      },
    ]);
    return source;
  }

  private addAlert(): void {
    Alerts.of(this).add(this, {
      title: `Executions of ${this.name} fail`,
      runbook: `An execution of the workflow \`${this.name}\` failed. Its error says at which step and why. Once the cause is mended, execute it again with the same argument: results that are there already are not made twice.`,
      filter: `metric.type="workflows.googleapis.com/finished_execution_count" AND resource.type="workflows.googleapis.com/Workflow" AND resource.labels.workflow_id="${this.name}" AND metric.labels.status="FAILED"`,
      aligner: "ALIGN_DELTA",
      threshold: 0,
    });
  }
}

class ImportedWorkflow extends WorkflowBase {
  constructor(
    scope: Construct,
    id: string,
    readonly name: string,
  ) {
    super(scope, id);
    checkImportedName(this, "workflow", name);
  }
}

function variableRules(variables: Readonly<Record<string, string>>) {
  const names = Object.keys(variables);
  return [
    {
      code: "OutOfRange" as const,
      broken: names.length > 20,
      message: `${names.length} workflow variables are given; allowed are up to 20`,
    },
    ...names.map((name) => ({
      code: "InvalidValue" as const,
      broken: name === "" || /^(GOOGLE|WORKFLOWS)/.test(name),
      message: `workflow variable is named "${name}"; allowed is any name that does not begin with GOOGLE or WORKFLOWS`,
    })),
    ...Object.entries(variables).map(([name, value]) => ({
      code: "OutOfRange" as const,
      broken: Buffer.byteLength(value) > 4096,
      message: `workflow variable ${name} has ${Buffer.byteLength(value)} bytes; allowed are up to 4096`,
    })),
  ];
}
