import { ApiError } from "../core/api-error";
import { rejectUnknownFields } from "../core/values";

/**
 * Fields of a job's environment, `RuntimeEnvironment` of a classic template and
 * `FlexTemplateRuntimeEnvironment` of a flex one. All but three choose machines, and there are none
 * here.
 *
 * Source: google/dataflow/v1beta3/templates.proto
 */
const BOTH = [
  "tempLocation",
  "serviceAccountEmail",
  "additionalUserLabels",
  "additionalExperiments",
  "additionalPipelineOptions",
  "diskSizeGb",
  "ipConfiguration",
  // Nothing is encrypted here.
  "kmsKeyName",
  "machineType",
  "maxWorkers",
  "network",
  "numWorkers",
  "subnetwork",
  "workerRegion",
  "workerZone",
  "zone",
];
const FIELDS = {
  classic: [...BOTH, "bypassTempDirValidation"],
  // Beam here needs none of them.
  flex: [
    ...BOTH,
    "autoscalingAlgorithm",
    "dumpHeapOnOom",
    "enableLauncherVmSerialPortLogging",
    "flexrsGoal",
    "launcherMachineType",
    "saveHeapDumpsToGcsPath",
    "sdkContainerImage",
    "stagingLocation",
  ],
};
/** Of streaming jobs, which there are none of here. */
const STREAMING = ["enableStreamingEngine", "streamingMode"];

/** @throws ApiError UNIMPLEMENTED, INVALID_ARGUMENT for a field that there is not */
export function checkEnvironment(environment: Readonly<Record<string, unknown>>, kind: keyof typeof FIELDS): void {
  const streaming = STREAMING.find((field) => environment[field]);
  if (streaming) throw new ApiError("UNIMPLEMENTED", `environment.${streaming} is not simulated: jobs are batch jobs`);
  rejectUnknownFields(environment, [...FIELDS[kind], ...STREAMING], "environment");
}
