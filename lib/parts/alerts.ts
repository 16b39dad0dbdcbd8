import {
  MonitoringAlertPolicy,
  type MonitoringAlertPolicyAlertStrategy,
  type MonitoringAlertPolicyConditions,
} from "@cdktf/provider-google/lib/monitoring-alert-policy";
import { MonitoringNotificationChannel } from "@cdktf/provider-google/lib/monitoring-notification-channel";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import { Duration } from "../core/duration";
import { singleton } from "../core/stack";
import { literal } from "../core/terraform-text";
import { check, inRange, type Rule } from "../core/validation";
import { RequiredApis } from "./required-apis";

/** A threshold that a metric passes. */
export interface AlertCondition {
  /** Filter of Cloud Monitoring: metric type, resource type and labels. */
  readonly filter: string;
  /** How the points of a window become one value, such as `ALIGN_MAX`. */
  readonly aligner: string;
  /** The condition is met above this value. */
  readonly threshold: number;
  /**
   * Length of a window: whole minutes, from 1 minute to 25 hours.
   * @default Duration.minutes(5)
   */
  readonly window?: Duration;
  /**
   * How long the value must stay above the threshold: whole minutes, up to 23 hours and 30 minutes.
   * @default - one value is enough
   */
  readonly lasting?: Duration;
  /**
   * Adds up the series of all labels, such as those of several response codes.
   * @default false
   */
  readonly sum?: boolean;
}

/** Properties of an alert on metrics. */
export interface AlertProps extends AlertCondition {
  /**
   * Construct id of the policy below its scope.
   * @default "alert"
   */
  readonly id?: string;
  /** What happened, in a few words. */
  readonly title: string;
  /** What the alert means and what to do, in Markdown. */
  readonly runbook: string;
  /**
   * Conditions that must be met at the same time.
   * @default - none
   */
  readonly and?: readonly AlertCondition[];
}

/** Properties of an alert on log entries. */
export interface LogAlertProps extends Pick<AlertProps, "title" | "runbook"> {
  /** Filter of Cloud Logging. Each matching entry raises the alert. */
  readonly filter: string;
}

/** Successful responses. Metrics of Cloud Tasks hold HTTP statuses or names of codes. */
export const OK_RESPONSES = 'monitoring.regex.full_match("(?i)2[0-9][0-9]|ok")';

/**
 * Alert policies of a stack. They notify the e-mail addresses of its deployment; without addresses
 * there are no policies.
 */
export class Alerts extends Construct {
  /** The alerts of the stack of `scope`. */
  static of(scope: Construct): Alerts {
    return singleton(scope, "alerts", (stack) => new Alerts(stack, "alerts"));
  }

  private channels?: readonly MonitoringNotificationChannel[];

  /**
   * Adds an alert policy below `scope`. Does nothing where the deployment has no notification
   * e-mails.
   *
   * Reports OutOfRange for a `window` or a `lasting` outside Cloud Monitoring's range.
   */
  add(scope: Construct, { id = "alert", title, runbook, and = [], ...first }: AlertProps): void {
    this.policy(scope, id, { title, runbook }, [first, ...and].map(thresholdOf));
    check(scope, [first, ...and].flatMap(timeRules));
  }

  /**
   * Adds an alert policy on log entries below `scope`, with at most one e-mail in five minutes.
   * Does nothing where the deployment has no notification e-mails.
   *
   * The policy does not use a log-based metric: for up to ten minutes, Cloud Monitoring refuses a
   * policy on a new metric with 404 (github.com/hashicorp/terraform-provider-google/issues/11102).
   * Whoever deploys needs `logging.notificationRules.create`, which `roles/logging.configWriter`
   * has.
   */
  addLogAlert(scope: Construct, { filter, ...props }: LogAlertProps): void {
    const condition = { conditionMatchedLog: { filter: literal(filter) } };
    this.policy(scope, "log-alert", props, [condition], { notificationRateLimit: { period: "300s" } });
  }

  private policy(
    scope: Construct,
    id: string,
    { title, runbook }: Pick<AlertProps, "title" | "runbook">,
    conditions: readonly Omit<MonitoringAlertPolicyConditions, "displayName">[],
    strategy: MonitoringAlertPolicyAlertStrategy = {},
  ): void {
    const { project, labels } = Deployment.of(this);
    const channels = this.notificationChannels();
    if (channels.length === 0) return;

    new MonitoringAlertPolicy(scope, id, {
      project,
      displayName: literal(title),
      combiner: conditions.length > 1 ? "AND" : "OR",
      conditions: conditions.map((condition) => ({ displayName: literal(title), ...condition })),
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

const DEFAULT_WINDOW = Duration.minutes(5);

/**
 * Source: `AlertPolicy.MetricThreshold` and `Aggregation.alignment_period` in the Cloud Monitoring
 * API.
 */
function timeRules({ window = DEFAULT_WINDOW, lasting = Duration.zero }: AlertCondition): Rule[] {
  const minutes = (duration: Duration) => duration.toSeconds() / 60;
  return [
    inRange("window of the alert", minutes(window), { min: 1, max: 1500, unit: "minutes", integer: true }),
    inRange("lasting of the alert", minutes(lasting), { min: 0, max: 1410, unit: "minutes", integer: true }),
  ];
}

/**
 * A window in which everything that is retried shows: what is retried after at most `longestWait`
 * occurs at least once in each window.
 */
export function windowOf(longestWait: Duration): Duration {
  return Duration.minutes(Math.max(10, Math.ceil((2 * longestWait.toSeconds()) / 60)));
}

function thresholdOf({
  filter,
  threshold,
  aligner,
  window = DEFAULT_WINDOW,
  lasting = Duration.zero,
  sum,
}: AlertCondition) {
  return {
    conditionThreshold: {
      filter: literal(filter),
      comparison: "COMPARISON_GT",
      thresholdValue: threshold,
      duration: lasting.toString(),
      aggregations: [
        {
          alignmentPeriod: window.toString(),
          perSeriesAligner: aligner,
          ...(sum && { crossSeriesReducer: "REDUCE_SUM" }),
        },
      ],
    },
  };
}
