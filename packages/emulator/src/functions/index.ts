import { CUSTOMER_MANAGED_KEYS, type ServiceDescription } from "../core/service";

/** The machine runs functions itself, since their processes stay from run to run. */
export const cloudFunctions: ServiceDescription = {
  name: "Cloud Functions",
  simulated: {
    google_cloudfunctions2_function: [
      "name",
      "location",
      "project",
      "description",
      "labels",
      "build_config.runtime",
      "build_config.entry_point",
      "build_config.service_account",
      "build_config.source.storage_source.bucket",
      "build_config.source.storage_source.object",
      "build_config.source.storage_source.generation",
      "service_config.available_cpu",
      "service_config.available_memory",
      "service_config.environment_variables",
      "service_config.secret_environment_variables.key",
      "service_config.secret_environment_variables.project_id",
      "service_config.secret_environment_variables.secret",
      "service_config.secret_environment_variables.version",
      "service_config.ingress_settings",
      "service_config.max_instance_count",
      "service_config.max_instance_request_concurrency",
      "service_config.min_instance_count",
      "service_config.service_account_email",
      "service_config.timeout_seconds",
    ],
  },
  withoutEffect: [
    { why: CUSTOMER_MANAGED_KEYS, attributes: { google_cloudfunctions2_function: ["kms_key_name"] } },
    {
      why: "image repositories: no image is built here",
      attributes: { google_cloudfunctions2_function: ["build_config.docker_repository"] },
    },
    {
      why: "VPC connectors: there is no network here, and nothing but Google's simulated hosts can be reached",
      attributes: {
        google_cloudfunctions2_function: [
          "service_config.vpc_connector",
          "service_config.vpc_connector_egress_settings",
        ],
      },
    },
  ],
  permissions: [
    // Of a function's identity, for secrets in its environment.
    "secretmanager.versions.access",
    // Of the build identity that a function names.
    "artifactregistry.repositories.uploadArtifacts",
    "logging.logEntries.create",
    "storage.objects.get",
  ],
};
