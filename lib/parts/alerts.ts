import {
  MonitoringAlertPolicy,
  type MonitoringAlertPolicyAlertStrategy,
  type MonitoringAlertPolicyConditions,
} from "@cdktf/provider-google/lib/monitoring-alert-policy";
import { MonitoringNotificationChannel } from "@cdktf/provider-google/lib/monitoring-notification-channel";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import { literal } from "../core/terraform-text";
import { RequiredApis } from "./required-apis";
import { singleton } from "./singleton";

export interface AlertProps {
  /** What happened, in a few words. */
  readonly title: string;
  /** What it means and what to do, in Markdown. */
  readonly runbook: string;
  /** Filter of Cloud Monitoring: metric type, resource type and labels. */
  readonly filter: string;
  /** How the points of five minutes become one, such as `ALIGN_MAX`. */
  readonly aligner: string;
  /** The alert fires above this value. */
  readonly threshold: number;
}

export interface LogAlertProps extends Pick<AlertProps, "title" | "runbook"> {
  /** Filter of Cloud Logging: entries that each are worth an alert. */
  readonly filter: string;
}

/** Alert policies of a stack, sent to the e-mails of its deployment. Without e-mails there are none. */
export class Alerts extends Construct {
  static of(scope: Construct): Alerts {
    return singleton(scope, "alerts", (stack) => new Alerts(stack, "alerts"));
  }

  private channels?: readonly MonitoringNotificationChannel[];

  /** Adds an alert policy below `scope`; does nothing where the deployment has no notification e-mails. */
  add(scope: Construct, { filter, aligner, threshold, ...props }: AlertProps): void {
    this.policy(scope, "alert", props, {
      conditionThreshold: {
        filter: literal(filter),
        comparison: "COMPARISON_GT",
        thresholdValue: threshold,
        duration: "0s",
        aggregations: [{ alignmentPeriod: "300s", perSeriesAligner: aligner }],
      },
    });
  }

  /**
   * Adds an alert policy on log entries below `scope`, with at most one e-mail in five minutes; does nothing where the
   * deployment has no notification e-mails.
   *
   * Not by a log-based metric: a policy on a metric that was made in the same apply is refused with 404 for up to ten
   * minutes (github.com/hashicorp/terraform-provider-google/issues/11102). Who deploys needs
   * `logging.notificationRules.create`, which `roles/logging.configWriter` has.
   */
  addLogAlert(scope: Construct, { filter, ...props }: LogAlertProps): void {
    const condition = { conditionMatchedLog: { filter: literal(filter) } };
    this.policy(scope, "log-alert", props, condition, { notificationRateLimit: { period: "300s" } });
  }

  private policy(
    scope: Construct,
    id: string,
    { title, runbook }: Pick<AlertProps, "title" | "runbook">,
    condition: Omit<MonitoringAlertPolicyConditions, "displayName">,
    strategy: MonitoringAlertPolicyAlertStrategy = {},
  ): void {
    const { project, labels } = Deployment.of(this);
    const channels = this.notificationChannels();
    if (channels.length === 0) return;

    new MonitoringAlertPolicy(scope, id, {
      project,
      displayName: literal(title),
      combiner: "OR",
      conditions: [{ displayName: literal(title), ...condition }],
      documentation: { content: literal(runbook), mimeType: "text/markdown" },
      notificationChannels: channels.map((channel) => channel.name),
      alertStrategy: { autoClose: "86400s", ...strategy },
      userLabels: labels,
      dependsOn: RequiredApis.of(this).ready("monitoring"),
    });
  }

  private notificationChannels(): readonly MonitoringNotificationChannel[] {
    const { project, notificationEmails, labels } = Deployment.of(this);
    this.channels ??= notificationEmails.map(
      (email) =>
        new MonitoringNotificationChannel(this, email.replace(/[^a-z0-9]+/gi, "-"), {
          project,
          displayName: literal(email),
          type: "email",
          labels: { email_address: literal(email) },
          userLabels: labels,
          dependsOn: RequiredApis.of(this).ready("monitoring"),
        }),
    );
    return this.channels;
  }
}
