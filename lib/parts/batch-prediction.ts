import type { ProjectIamMember } from "@cdktf/provider-google/lib/project-iam-member";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import type { IGrantable } from "../core/grantee";
import { check, inRange, matches } from "../core/validation";
import { CustomRole } from "./custom-role";
import { type Accelerator, machineRules, machineSpec } from "./machine";
import { RequiredApis } from "./required-apis";

/** A batch prediction job of Vertex AI. */
export interface BatchPredictionProps {
  /**
   * The model: its id in the project and region of the deployment, or
   * `projects/<project>/locations/<region>/models/<model>`, either with `@<version>` at its end.
   */
  readonly model: string;
  /** What is predicted: `gs://…`, one object, or `*` for many. May have placeholders. */
  readonly input: string;
  /**
   * Folder below which Vertex AI makes one for the predictions. May have placeholders. The output
   * `predictions` of the step is the folder that it made.
   * @default "{output}"
   */
  readonly output?: string;
  /**
   * Format of the instances.
   * @default "jsonl"
   */
  readonly inputFormat?: "jsonl" | "csv" | "tf-record" | "tf-record-gzip" | "file-list";
  /**
   * Format of the predictions.
   * @default "jsonl"
   */
  readonly outputFormat?: "jsonl" | "csv";
  /**
   * Machine type of Compute Engine. A custom model needs one.
   * @default - chosen by Vertex AI, where the model allows it
   */
  readonly machineType?: string;
  /**
   * Accelerators of each machine.
   * @default - none
   */
  readonly accelerator?: Accelerator;
  /**
   * Machines at most: 1 to 1000.
   * @default - Vertex AI's own, 10
   */
  readonly maxReplicas?: number;
  /**
   * Parameters of the model.
   * @default - none
   */
  readonly modelParameters?: Readonly<Record<string, unknown>>;
}

const MODEL = /^(projects\/[^/\s]+\/locations\/[a-z0-9-]+\/models\/)?[a-z0-9_-]+(@[a-z0-9-]+)?$/;

/**
 * A batch prediction job of Vertex AI. There is no resource for one: what starts it makes it from
 * {@link BatchPrediction.job}. Vertex AI reads and writes as its own service agent, which may use
 * the buckets of its project.
 *
 * Reports InvalidValue, OutOfRange and GpuMismatch.
 */
export class BatchPrediction extends Construct {
  /** The job in the form of the function `pipeline-job`. */
  readonly job: object;

  constructor(scope: Construct, id: string, props: BatchPredictionProps) {
    super(scope, id);
    const { model, machineType, accelerator, maxReplicas } = props;
    check(this, [
      matches("model", model, MODEL, "the id of a model, or projects/<project>/locations/<region>/models/<model>"),
      matches("input", props.input, /^(gs:\/\/|\{)/, "gs://… or a placeholder such as {inputs.instances}"),
      matches("output", props.output, /^(gs:\/\/|\{)/, "gs://… or a placeholder such as {output}"),
      ...machineRules(machineType, accelerator),
      inRange("maxReplicas", maxReplicas, { min: 1, max: 1000, integer: true }),
      {
        code: "InvalidValue",
        broken: machineType === undefined && (accelerator !== undefined || maxReplicas !== undefined),
        message: "accelerator or maxReplicas is given without machineType; allowed is all of them with machineType",
      },
    ]);
    RequiredApis.of(this).enable("aiplatform");
    const { project, region, labels } = Deployment.of(this);
    const location = `projects/${project}/locations/${region}`;
    this.job = {
      kind: "batchPrediction",
      location,
      labels,
      job: {
        model: model.startsWith("projects/") ? model : `${location}/models/${model}`,
        inputConfig: { instancesFormat: props.inputFormat ?? "jsonl", gcsSource: { uris: [props.input] } },
        outputConfig: {
          predictionsFormat: props.outputFormat ?? "jsonl",
          gcsDestination: { outputUriPrefix: props.output ?? "{output}" },
        },
        ...(props.modelParameters && { modelParameters: props.modelParameters }),
        ...(machineType !== undefined && {
          dedicatedResources: { machineSpec: machineSpec(machineType, accelerator), maxReplicaCount: maxReplicas },
        }),
      },
    };
  }

  /**
   * Lets a principal start, find, follow and cancel the job.
   *
   * Grants a custom role with `aiplatform.batchPredictionJobs.create`, `get`, `list` and `cancel`,
   * and `aiplatform.models.get` for the model, on the project, the narrowest level there is. That
   * `create` asks for the last one is believed; nothing here could try it on Google Cloud.
   */
  grantRun(to: IGrantable): ProjectIamMember {
    const jobs = ["create", "get", "list", "cancel"].map((verb) => `aiplatform.batchPredictionJobs.${verb}`);
    return CustomRole.of(this, "batch-predictor", {
      title: "Batch prediction runner",
      description: "Starts, follows and cancels batch prediction jobs of Vertex AI",
      permissions: [...jobs, "aiplatform.models.get"],
    }).grant(to);
  }
}
