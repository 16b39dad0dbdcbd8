import type { Construct } from "constructs";
import { Duration } from "../core/duration";
import { Alerts, OK_RESPONSES, windowOf } from "./alerts";

const HOUR = Duration.hours(1);
const BACKLOG_LASTS = Duration.hours(2);

/**
 * Adds the alerts of a queue: tasks are attempted late, attempts fail, the backlog does not shrink.
 *
 * @param name of the queue
 * @param maxBackoff longest wait between two attempts
 */
export function addQueueAlerts(scope: Construct, name: string, maxBackoff: Duration): void {
  const alerts = Alerts.of(scope);
  const queue = `resource.type="cloud_tasks_queue" AND resource.labels.queue_id="${name}"`;
  alerts.add(scope, {
    title: `Tasks wait too long in ${name}`,
    runbook: `Tasks of the queue \`${name}\` are attempted more than 10 minutes after they were due: the rate limits are too low for what is enqueued, or its functions answer 429 or 503, at which Cloud Tasks slows a queue down. Attempts that come in time and fail are not seen here, but by the alert on failing attempts.`,
    filter: `metric.type="cloudtasks.googleapis.com/queue/task_attempt_delays" AND ${queue}`,
    aligner: "ALIGN_PERCENTILE_99",
    threshold: 600_000,
  });
  // Also counts attempts that reach no function: 403 for a missing grant, 404 for a missing
  // function, 429.
  alerts.add(scope, {
    id: "failing-attempts",
    title: `Attempts keep failing in ${name}`,
    runbook: `For half an hour, attempts at tasks of the queue \`${name}\` were answered with something other than success. 403: the queue's dispatcher lacks \`roles/run.invoker\` on the function, or the Cloud Tasks agent may not act as the dispatcher. 404: the function is gone, or its ingress does not let Cloud Tasks in. 429: no instance was free. 5xx: read the function's log. A task that reaches no function is nobody's dead letter: it is tried until Cloud Tasks deletes it after 31 days. Mend the cause before then.`,
    filter: `metric.type="cloudtasks.googleapis.com/queue/task_attempt_count" AND ${queue} AND metric.labels.response_code!=${OK_RESPONSES}`,
    aligner: "ALIGN_DELTA",
    threshold: 0,
    window: windowOf(maxBackoff),
    lasting: Duration.minutes(30),
    sum: true,
  });
  const depth = { filter: `metric.type="cloudtasks.googleapis.com/queue/depth" AND ${queue}`, window: HOUR };
  alerts.add(scope, {
    id: "backlog",
    title: `Tasks do not become fewer in ${name}`,
    runbook: `For three hours the queue \`${name}\` was never empty and did not get shorter from one hour to the next. Its tasks fail (see the alert on failing attempts), the queue is paused, or more is enqueued than its limits let through. Tasks that are scheduled for later count as well. Cloud Tasks deletes a task 31 days after it was made.`,
    ...depth,
    aligner: "ALIGN_MIN",
    threshold: 0,
    lasting: BACKLOG_LASTS,
    and: [{ ...depth, aligner: "ALIGN_PERCENT_CHANGE", threshold: -1, lasting: BACKLOG_LASTS }],
  });
}
