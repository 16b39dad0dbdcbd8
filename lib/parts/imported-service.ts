import type { Construct } from "constructs";
import { Duration } from "../core/duration";
import { checkImportedName } from "../core/names";
import { check, matches, report } from "../core/validation";
import { instanceRules } from "./instance-rules";
import type { IDeadLetter } from "./publish-target";
import { ServiceBase } from "./service-base";

/** What is known of a function or container service that this app does not create. */
export interface ImportedServiceProps {
  /**
   * URL of the Cloud Run service, `https://<host>`: `uri` in the output of
   * `gcloud run services describe`, or `serviceConfig.uri` of `gcloud functions describe`.
   * @default - unknown: roles can be granted on it, but nothing can call it
   */
  readonly uri?: string;
  /**
   * How long one request may take: 1 second to 60 minutes.
   * @default - as Google has it: 1 minute for a function, 5 minutes for a container service
   */
  readonly timeout?: Duration;
  /**
   * Instances at most: 1 to 1000.
   * @default 100, as Google has it
   */
  readonly maxInstances?: number;
  /**
   * Requests at one time on one instance: 1 to 1000.
   * @default - as Google has it: 1 for a function, 80 for a container service
   */
  readonly concurrency?: number;
}

interface ImportedKind {
  readonly type: "function" | "service";
  /** For messages. */
  readonly noun: string;
  readonly className: string;
  readonly timeout: Duration;
  readonly concurrency: number;
}

export const IMPORTED_FUNCTION: ImportedKind = {
  type: "function",
  noun: "function",
  className: "FunctionService",
  timeout: Duration.minutes(1),
  concurrency: 1,
};

/**
 * Sources of the defaults: https://cloud.google.com/run/docs/configuring/request-timeout and
 * `max_instance_request_concurrency` of `google_cloud_run_v2_service`.
 */
export const IMPORTED_CONTAINER: ImportedKind = {
  type: "service",
  noun: "container service",
  className: "ContainerService",
  timeout: Duration.minutes(5),
  concurrency: 80,
};

/** A Cloud Run service that another app creates. */
export class ImportedService extends ServiceBase {
  readonly timeout: Duration;
  readonly maxInstances: number;
  readonly concurrency: number;
  private knowsUri: boolean;

  constructor(
    scope: Construct,
    id: string,
    readonly name: string,
    private readonly kind: ImportedKind,
    private readonly props: ImportedServiceProps,
  ) {
    super(scope, id);
    this.timeout = props.timeout ?? kind.timeout;
    this.maxInstances = props.maxInstances ?? 100;
    this.concurrency = props.concurrency ?? kind.concurrency;
    this.knowsUri = props.uri !== undefined;
    checkImportedName(this, kind.type, name);
    check(this, [
      matches(`uri of the ${kind.noun}`, props.uri, /^https:\/\/[^\s/?#]+$/, "https://<host>, without a path"),
      ...instanceRules(this),
    ]);
  }

  get uri(): string {
    if (!this.knowsUri) {
      this.knowsUri = true;
      this.unsupported(
        `the URL of the imported ${this.kind.noun} "${this.name}" is not known; give it: ${this.kind.className}.fromName(scope, id, name, { uri: "https://…" })`,
      );
    }
    return this.props.uri ?? "https://unknown.invalid";
  }

  protected get reference(): string {
    return this.name;
  }

  addEnvironment(key: string): void {
    this.unsupported(
      `the imported ${this.kind.noun} "${this.name}" cannot be given the variable ${key}, because its environment belongs to the app that creates it; set it there`,
    );
  }

  useDeadLetter(deadLetter: IDeadLetter): void {
    this.unsupported(
      `the imported ${this.kind.noun} "${this.name}" cannot be given the dead letter [${deadLetter.node.path}], because its environment belongs to the app that creates it; set useDeadLetter: false on the subscription, or make the queue in that app`,
    );
  }

  private unsupported(message: string): void {
    report(this, "UnsupportedOnImport", message);
  }
}
