import { MonitoringAlertPolicy } from "@cdktf/provider-google/lib/monitoring-alert-policy";
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

/** Alert policies of a stack, sent to the e-mails of its deployment. Without e-mails there are none. */
export class Alerts extends Construct {
  static of(scope: Construct): Alerts {
    return singleton(scope, "alerts", (stack) => new Alerts(stack, "alerts"));
  }

  private channels?: readonly MonitoringNotificationChannel[];

  /** Adds an alert policy below `scope`; does nothing where the deployment has no notification e-mails. */
  add(scope: Construct, props: AlertProps): void {
    const { project, labels } = Deployment.of(this);
    const channels = this.notificationChannels();
    if (channels.length === 0) return;

    new MonitoringAlertPolicy(scope, "alert", {
      project,
      displayName: literal(props.title),
      combiner: "OR",
      conditions: [
        {
          displayName: literal(props.title),
          conditionThreshold: {
            filter: literal(props.filter),
            comparison: "COMPARISON_GT",
            thresholdValue: props.threshold,
            duration: "0s",
            aggregations: [{ alignmentPeriod: "300s", perSeriesAligner: props.aligner }],
          },
        },
      ],
      documentation: { content: literal(props.runbook), mimeType: "text/markdown" },
      notificationChannels: channels.map((channel) => channel.name),
      alertStrategy: { autoClose: "86400s" },
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
