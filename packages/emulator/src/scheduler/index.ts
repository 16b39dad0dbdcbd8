import { defineService, type Item } from "../core/service";
import { SchedulerEmulator } from "./scheduler-emulator";

const LOCATION = "projects/*/locations/*";
const JOB = `${LOCATION}/jobs/*`;

export const cloudScheduler = defineService({
  name: "Cloud Scheduler",
  simulated: {
    google_cloud_scheduler_job: [
      "name",
      "project",
      "region",
      "description",
      "schedule",
      "time_zone",
      "paused",
      "attempt_deadline",
      "retry_config.retry_count",
      "retry_config.max_retry_duration",
      "retry_config.min_backoff_duration",
      "retry_config.max_backoff_duration",
      "retry_config.max_doublings",
      "http_target.uri",
      "http_target.http_method",
      "http_target.headers",
      "http_target.body",
      "http_target.oidc_token.service_account_email",
      "http_target.oidc_token.audience",
      "http_target.oauth_token.service_account_email",
      "http_target.oauth_token.scope",
    ],
  },
  apis: [
    {
      name: "google.cloud.scheduler.v1.CloudScheduler",
      hosts: ["cloudscheduler.googleapis.com"],
      methods: {
        ListJobs: `GET /v1/{parent=${LOCATION}}/jobs`,
        GetJob: `GET /v1/{name=${JOB}}`,
        RunJob: `POST /v1/{name=${JOB}}:run`,
      },
      refused: {
        CreateJob: `POST /v1/{parent=${LOCATION}}/jobs`,
        UpdateJob: `PATCH /v1/{job.name=${JOB}}`,
        DeleteJob: `DELETE /v1/{name=${JOB}}`,
        PauseJob: `POST /v1/{name=${JOB}}:pause`,
        ResumeJob: `POST /v1/{name=${JOB}}:resume`,
      },
    },
  ],
  permissions: ["cloudscheduler.jobs.get", "cloudscheduler.jobs.list", "cloudscheduler.jobs.run"],
  itemOf({ headers }): Item | undefined {
    const job = headers["X-CloudScheduler-JobName"];
    if (!job) return undefined;
    const what = `execution of ${headers["X-CloudScheduler-ScheduleTime"]}`;
    return { id: `schedule ${job} ${what}`, what, isExecution: true };
  },
  create: (context, resources) => new SchedulerEmulator(context, resources),
});

export type { Upcoming } from "./scheduler-emulator";
