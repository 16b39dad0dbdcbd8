import { defineService, type Item } from "../core/service";
import { tasksBilling } from "./billing";
import { TasksEmulator } from "./tasks-emulator";

const LOCATION = "projects/*/locations/*";
const QUEUE = `${LOCATION}/queues/*`;

export const cloudTasks = defineService({
  name: "Cloud Tasks",
  simulated: {
    google_cloud_tasks_queue: [
      "name",
      "location",
      "project",
      "rate_limits.max_dispatches_per_second",
      "rate_limits.max_concurrent_dispatches",
      "retry_config.max_attempts",
      "retry_config.max_retry_duration",
      "retry_config.min_backoff",
      "retry_config.max_backoff",
      "retry_config.max_doublings",
      // Changes nothing: the run shows each attempt.
      "stackdriver_logging_config.sampling_ratio",
      "http_target.http_method",
      "http_target.header_overrides.header.key",
      "http_target.header_overrides.header.value",
      "http_target.oidc_token.service_account_email",
      "http_target.oidc_token.audience",
      "http_target.oauth_token.service_account_email",
      "http_target.oauth_token.scope",
      "http_target.uri_override.scheme",
      "http_target.uri_override.host",
      "http_target.uri_override.port",
      "http_target.uri_override.path_override.path",
      "http_target.uri_override.query_override.query_params",
      "http_target.uri_override.uri_override_enforce_mode",
    ],
  },
  apis: [
    {
      name: "google.cloud.tasks.v2.CloudTasks",
      hosts: ["cloudtasks.googleapis.com"],
      protos: "@google-cloud/tasks/build/protos/protos.json",
      methods: {
        CreateTask: `POST /v2/{parent=${QUEUE}}/tasks`,
        GetTask: `GET /v2/{name=${QUEUE}/tasks/*}`,
        ListTasks: `GET /v2/{parent=${QUEUE}}/tasks`,
        DeleteTask: `DELETE /v2/{name=${QUEUE}/tasks/*}`,
        GetQueue: `GET /v2/{name=${QUEUE}}`,
      },
      refused: {
        RunTask: `POST /v2/{name=${QUEUE}/tasks/*}:run`,
        ListQueues: `GET /v2/{parent=${LOCATION}}/queues`,
        CreateQueue: `POST /v2/{parent=${LOCATION}}/queues`,
        UpdateQueue: `PATCH /v2/{queue.name=${QUEUE}}`,
        DeleteQueue: `DELETE /v2/{name=${QUEUE}}`,
        PurgeQueue: `POST /v2/{name=${QUEUE}}:purge`,
        PauseQueue: `POST /v2/{name=${QUEUE}}:pause`,
        ResumeQueue: `POST /v2/{name=${QUEUE}}:resume`,
        GetIamPolicy: `POST /v2/{resource=${QUEUE}}:getIamPolicy`,
        SetIamPolicy: `POST /v2/{resource=${QUEUE}}:setIamPolicy`,
        TestIamPermissions: `POST /v2/{resource=${QUEUE}}:testIamPermissions`,
      },
      data: ["headers"],
    },
  ],
  billing: tasksBilling,
  permissions: [
    "cloudtasks.queues.get",
    "cloudtasks.tasks.create",
    "cloudtasks.tasks.delete",
    "cloudtasks.tasks.fullView",
    "cloudtasks.tasks.get",
    "cloudtasks.tasks.list",
    // On the account that a task presents: of who creates the task, and of Cloud Tasks' service
    // agent.
    "iam.serviceAccounts.actAs",
  ],
  policies: [QUEUE],
  itemOf({ headers }): Item | undefined {
    const task = headers["X-CloudTasks-TaskName"];
    if (!task) return undefined;
    const attempt = Number(headers["X-CloudTasks-TaskRetryCount"]) + 1;
    return { id: `queue ${headers["X-CloudTasks-QueueName"]} task ${task}`, what: `task ${task}`, attempt };
  },
  create: (context, resources) => new TasksEmulator(context, resources),
});

export type { QueueState } from "./queue";
export type { CreatedTask } from "./queued-task";
export { burstOf } from "./token-bucket";
