import { serviceAgent } from "@cdktf-serverless-ml/terraform-json";
import { ApiError } from "../../core/api-error";
import type { EmulatorContext } from "../../core/emulator";
import type { Log } from "../../core/log";
import { isUnset, readDuration, readText } from "../../core/values";
import { ContainerRun, type Programs } from "../../run/container-run";
import { missingCommand } from "../../run/local-programs";
import type { Asked, Job, Work } from "./job";
import {
  checkMachine,
  invalid,
  OF_ANSWERS,
  readDisplayName,
  readLabels,
  readList,
  readMessage,
  readRequired,
  refuse,
} from "./read";

const OUTPUT_ONLY = [...OF_ANSWERS, "webAccessUris"];
/**
 * Fields of `CustomJobSpec` that change nothing here: networks, interactive shells, experiments.
 */
const WITHOUT_EFFECT = [
  "network",
  "reservedIpRanges",
  "pscInterfaceConfig",
  "protectedArtifactLocationId",
  "tensorboard",
  "enableWebAccess",
  "enableDashboardAccess",
  "experiment",
  "experimentRun",
];
/** Milliseconds. Source: custom_job.proto, `Scheduling.timeout`. */
const DEFAULT_TIMEOUT = 7 * 24 * 3_600_000;
/**
 * Lines of a failed container's output that the job's error quotes. How many Vertex AI does: ours.
 */
const LINES = 5;
/** Source: the same, `ContainerSpec.env`. */
const MOST_VARIABLES = 100;

interface ContainerSpec {
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export interface CustomJobOptions {
  readonly context: EmulatorContext;
  readonly programs: Programs;
  /** Makes the log of a job. */
  readonly log: (name: string) => Log;
  /** Gets why a container cannot run here. */
  readonly onSkipped: (why: string) => void;
}

/**
 * Reads a `CustomJob`.
 *
 * Source: google/cloud/aiplatform/v1/custom_job.proto
 *
 * @throws ApiError INVALID_ARGUMENT, UNIMPLEMENTED
 */
export function readCustomJob(body: object, options: CustomJobOptions): Asked {
  const given = readMessage(body, "", ["displayName", "jobSpec", "labels", "encryptionSpec", ...OUTPUT_ONLY]);
  const spec = readMessage(given.jobSpec, "jobSpec", [
    ...["workerPoolSpecs", "scheduling", "serviceAccount", "baseOutputDirectory", "persistentResourceId", "models"],
    ...WITHOUT_EFFECT,
  ]);
  refuse(spec, "jobSpec", ["persistentResourceId", "models"]);
  const [container] = readList(spec.workerPoolSpecs, "jobSpec.workerPoolSpecs").map(readPool);
  if (!container) throw invalid("jobSpec.workerPoolSpecs", spec.workerPoolSpecs, "at least one pool");
  const replicas = countReplicas(spec.workerPoolSpecs);
  const timeout = readScheduling(spec.scheduling);
  const output = readMessage(spec.baseOutputDirectory, "jobSpec.baseOutputDirectory", ["outputUriPrefix"]);
  const environment = { ...container.environment, ...outputVariables(output.outputUriPrefix) };
  const serviceAccount = readText(spec.serviceAccount, "jobSpec.serviceAccount") || undefined;
  if (replicas > 1 && options.programs.canRun({ image: container.image }))
    throw new ApiError("UNIMPLEMENTED", `${replicas} replicas of a job that runs here are not simulated; 1 is`);
  return {
    displayName: readDisplayName(given.displayName),
    labels: readLabels(given.labels),
    serviceAccount,
    fields: { jobSpec: given.jobSpec, ...(given.encryptionSpec && { encryptionSpec: given.encryptionSpec }) },
    start: (job) => runContainer(job, { ...container, environment }, serviceAccount, timeout, options),
  };
}

function readPool(given: unknown, at: number): ContainerSpec {
  const where = `jobSpec.workerPoolSpecs[${at}]`;
  const pool = readMessage(given, where, [
    ...["containerSpec", "pythonPackageSpec", "machineSpec", "replicaCount", "nfsMounts", "lustreMounts", "diskSpec"],
  ]);
  refuse(pool, where, ["pythonPackageSpec", "nfsMounts", "lustreMounts"]);
  checkMachine(pool.machineSpec, `${where}.machineSpec`);
  readMessage(pool.diskSpec, `${where}.diskSpec`, ["bootDiskType", "bootDiskSizeGb"]);
  const inContainer = `${where}.containerSpec`;
  const container = readMessage(pool.containerSpec, inContainer, ["imageUri", "command", "args", "env"]);
  const env = readList(container.env, `${inContainer}.env`);
  if (env.length > MOST_VARIABLES)
    throw invalid(`${inContainer}.env`, `${env.length} variables`, `up to ${MOST_VARIABLES}`);
  return {
    image: readRequired(container.imageUri, `${inContainer}.imageUri`),
    command: readList(container.command, `${inContainer}.command`).map((text) =>
      readText(text, `${inContainer}.command`),
    ),
    args: readList(container.args, `${inContainer}.args`).map((text) => readText(text, `${inContainer}.args`)),
    environment: Object.fromEntries(
      env.map((each, index) => {
        const variable = readMessage(each, `${inContainer}.env[${index}]`, ["name", "value"]);
        return [
          readRequired(variable.name, `${inContainer}.env[${index}].name`),
          readText(variable.value, `${inContainer}.env[${index}].value`),
        ];
      }),
    ),
  };
}

function countReplicas(pools: unknown): number {
  return readList(pools, "jobSpec.workerPoolSpecs").reduce<number>((sum, pool, at) => {
    const { replicaCount } = pool as { replicaCount?: unknown };
    const count = Number(replicaCount ?? 1);
    if (!Number.isInteger(count) || count < 1)
      throw invalid(`jobSpec.workerPoolSpecs[${at}].replicaCount`, replicaCount, "1 or more");
    return sum + count;
  }, 0);
}

/** @returns milliseconds */
function readScheduling(given: unknown): number {
  const scheduling = readMessage(given, "jobSpec.scheduling", [
    ...["timeout", "restartJobOnWorkerRestart", "strategy", "disableRetries", "maxWaitDuration"],
  ]);
  const timeout = readDuration(scheduling.timeout, "jobSpec.scheduling.timeout") ?? DEFAULT_TIMEOUT;
  if (timeout <= 0) throw invalid("jobSpec.scheduling.timeout", scheduling.timeout, "more than 0s");
  return timeout;
}

/** Source: custom_job.proto, `CustomJobSpec.base_output_directory`. */
function outputVariables(prefix: unknown): Record<string, string> {
  if (isUnset(prefix)) return {};
  const base = readText(prefix, "jobSpec.baseOutputDirectory.outputUriPrefix").replace(/\/$/, "");
  return {
    AIP_MODEL_DIR: `${base}/model/`,
    AIP_CHECKPOINT_DIR: `${base}/checkpoints/`,
    AIP_TENSORBOARD_LOG_DIR: `${base}/logs/`,
  };
}

function runContainer(
  { displayName }: Job,
  { image, command, args, environment }: ContainerSpec,
  serviceAccount: string | undefined,
  timeout: number,
  { context, programs, log, onSkipped }: CustomJobOptions,
): Work {
  const target = { image };
  if (!programs.canRun(target)) {
    const detail = `Nothing ran, and nothing was written: ${missingCommand(target)}`;
    onSkipped(missingCommand(target));
    return { result: Promise.resolve({ detail }) };
  }
  // Source: custom_job.proto, `CustomJobSpec.service_account`.
  const account = serviceAccount ?? serviceAgent(context.projectNumber, "gcp-sa-aiplatform-cc");
  const output = log(displayName);
  const program = { target, command, args, account, environment, log: output };
  const run = new ContainerRun({ programs, program, clock: context.clock, timeout });
  const result = run.outcome.then(({ succeeded, exitCode, timedOut }) => {
    if (succeeded) return {};
    // As a job of a public report has it, the end of its output included:
    // https://github.com/GoogleCloudPlatform/vertex-ai-samples/pull/1504 (code 3, INVALID_ARGUMENT)
    const how = exitCode === undefined ? "was ended by a signal" : `exited with a non-zero status of ${exitCode}`;
    const message = [`The replica workerpool0-0 ${how}. Termination reason: Error.`, output.tail(LINES)]
      .join(" \n")
      .trim();
    return { timedOut, error: { code: 3, message } };
  });
  return { result, stop: () => run.stop(), kill: () => run.kill() };
}
