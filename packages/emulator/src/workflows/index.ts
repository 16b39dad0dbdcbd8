import { CUSTOMER_MANAGED_KEYS, defineService } from "../core/service";
import { WorkflowsEmulator } from "./workflows-emulator";

const WORKFLOW = "projects/*/locations/*/workflows/*";
const EXECUTION = `${WORKFLOW}/executions/*`;

export const cloudWorkflows = defineService({
  name: "Workflows",
  simulated: {
    google_workflows_workflow: [
      "name",
      "project",
      "region",
      "description",
      "labels",
      "service_account",
      "source_contents",
      "call_log_level",
      "user_env_vars",
      "deletion_protection",
    ],
  },
  withoutEffect: [{ why: CUSTOMER_MANAGED_KEYS, attributes: { google_workflows_workflow: ["crypto_key_name"] } }],
  apis: [
    {
      name: "google.cloud.workflows.executions.v1.Executions",
      hosts: ["workflowexecutions.googleapis.com"],
      protos: "@google-cloud/workflows/build/protos/protos.json",
      methods: {
        CreateExecution: `POST /v1/{parent=${WORKFLOW}}/executions`,
        GetExecution: `GET /v1/{name=${EXECUTION}}`,
        ListExecutions: `GET /v1/{parent=${WORKFLOW}}/executions`,
        CancelExecution: `POST /v1/{name=${EXECUTION}}:cancel`,
      },
      data: ["labels"],
    },
  ],
  permissions: [
    "workflows.executions.cancel",
    "workflows.executions.create",
    "workflows.executions.get",
    "workflows.executions.list",
    // Of the workflow's identity, for log entries.
    "logging.logEntries.create",
  ],
  create: (context, resources) => new WorkflowsEmulator(context, resources),
});

export type { Execution, ExecutionState } from "./execution";
