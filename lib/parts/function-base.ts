import { CloudRunV2ServiceIamMember } from "@cdktf/provider-google/lib/cloud-run-v2-service-iam-member";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import { Duration } from "../core/duration";
import type { IGrantable } from "../core/grantee";
import { checkImportedName } from "../core/names";
import { check, inRange, matches, report } from "../core/validation";
import { grantOnce } from "./grants";
import type { IDeadLetter } from "./publish-target";
import type { IWorker } from "./worker";

/** A function, whether this app creates it or not. */
export interface IFunctionService extends IWorker {
  /** Name of the function and of its Cloud Run service. */
  readonly name: string;
}

/** What is known of a function that this app does not create. */
export interface ImportedFunctionProps {
  /**
   * URL of the Cloud Run service behind the function, `https://<host>`: `serviceConfig.uri` in the
   * output of `gcloud functions describe`.
   * @default - unknown: roles can be granted on the function, but nothing can call it
   */
  readonly uri?: string;
  /**
   * How long one request may take: 1 second to 60 minutes.
   * @default Duration.minutes(1), as Cloud Functions has it
   */
  readonly timeout?: Duration;
  /**
   * Instances at most: 1 to 1000.
   * @default 100, as Cloud Functions has it
   */
  readonly maxInstances?: number;
  /**
   * Requests at one time on one instance: 1 to 1000.
   * @default 1
   */
  readonly concurrency?: number;
}

/** What a function can do, whether this app creates it or not. */
export abstract class FunctionBase extends Construct implements IFunctionService {
  abstract readonly name: string;
  abstract readonly uri: string;
  abstract readonly timeout: Duration;
  abstract readonly maxInstances: number;
  abstract readonly concurrency: number;
  /** The name as Terraform knows it, so that a grant comes after the function. */
  protected abstract readonly reference: string;

  abstract addEnvironment(key: string, value: string): void;
  abstract useDeadLetter(deadLetter: IDeadLetter, maxAttempts?: number): void;

  /**
   * Lets a principal call the function.
   *
   * Grants `roles/run.invoker` on the Cloud Run service behind the function.
   * `roles/cloudfunctions.invoker` has no effect on functions of the 2nd gen.
   */
  grantInvoke(to: IGrantable): CloudRunV2ServiceIamMember {
    const { project, region } = Deployment.of(this);
    return grantOnce(
      this,
      "roles/run.invoker",
      to,
      (id, grant) =>
        new CloudRunV2ServiceIamMember(this, id, { project, location: region, name: this.reference, ...grant }),
    );
  }
}

/** A function that another app creates. */
export class ImportedFunction extends FunctionBase {
  readonly timeout: Duration;
  readonly maxInstances: number;
  readonly concurrency: number;
  private knowsUri: boolean;

  constructor(
    scope: Construct,
    id: string,
    readonly name: string,
    private readonly props: ImportedFunctionProps,
  ) {
    super(scope, id);
    this.timeout = props.timeout ?? Duration.minutes(1);
    this.maxInstances = props.maxInstances ?? 100;
    this.concurrency = props.concurrency ?? 1;
    this.knowsUri = props.uri !== undefined;
    checkImportedName(this, "function", name);
    check(this, [
      matches("uri of the function", props.uri, /^https:\/\/[^\s/?#]+$/, "https://<host>, without a path"),
      inRange("timeout", this.timeout.toSeconds(), { min: 1, max: 3600, unit: "seconds", integer: true }),
      inRange("maxInstances", this.maxInstances, { min: 1, max: 1000, integer: true }),
      inRange("concurrency", this.concurrency, { min: 1, max: 1000, integer: true }),
    ]);
  }

  get uri(): string {
    if (!this.knowsUri) {
      this.knowsUri = true;
      report(
        this,
        "UnsupportedOnImport",
        `the URL of the imported function "${this.name}" is not known; give it: FunctionService.fromName(scope, id, name, { uri: "https://…" })`,
      );
    }
    return this.props.uri ?? "https://unknown.invalid";
  }

  protected get reference(): string {
    return this.name;
  }

  addEnvironment(key: string): void {
    report(
      this,
      "UnsupportedOnImport",
      `the imported function "${this.name}" cannot be given the variable ${key}, because its environment belongs to the app that creates it; set it there`,
    );
  }

  useDeadLetter(deadLetter: IDeadLetter): void {
    report(
      this,
      "UnsupportedOnImport",
      `the imported function "${this.name}" cannot be given the dead letter [${deadLetter.node.path}], because its environment belongs to the app that creates it; set useDeadLetter: false on the subscription, or make the queue in that app`,
    );
  }
}
