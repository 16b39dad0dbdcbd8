import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Duration } from "../../lib/core/duration";
import { Bucket } from "../../lib/parts/bucket";
import { ContainerJob } from "../../lib/parts/container-job";
import { DataflowTemplate } from "../../lib/parts/dataflow-template";
import { DataflowWorkers } from "../../lib/parts/dataflow-workers";
import type { GoogleStack } from "../../lib/parts/google-stack";
import type { VertexTrainingProps } from "../../lib/parts/vertex-training";
import type { JobStepProps } from "../../lib/patterns/pipeline-jobs";
import { TaskPipeline } from "../../lib/patterns/task-pipeline";
import { readSettings } from "../../lib/settings";
import { TaskPipelineStack } from "../../lib/stacks/task-pipeline";
import { grantLines } from "./iam";
import {
  all,
  byType,
  differences,
  errorsOf,
  helloSource,
  type Json,
  reviewed,
  synthesized,
  testApp,
  testStack,
} from "./support";

const IMAGE = "us-docker.pkg.dev/acme-ml/workers/train:1";
const training: VertexTrainingProps = { image: IMAGE, machineType: "n1-standard-4" };

/** A pipeline of a function and a job after it. */
function pipeline(stack: GoogleStack, train: JobStepProps): TaskPipeline {
  return new TaskPipeline(stack, "pipeline", {
    steps: { load: { source: helloSource }, train: { after: ["load"], ...train } },
  });
}

/**
 * The variable JOB of the step's function. Addresses of service accounts are as Terraform refers to
 * them.
 */
function jobOf(stack: GoogleStack): Json {
  const functions = all(stack, "google_cloudfunctions2_function");
  const variables = functions.map(({ service_config }) => (service_config as Json).environment_variables as Json);
  const job = variables.find(({ JOB }) => JOB)?.JOB;
  return JSON.parse(String(job));
}

const errors = (train: JobStepProps): string[] => {
  const stack = testStack();
  pipeline(stack, train);
  return errorsOf(stack);
};

/** What is granted to the step's function and to its job's identity. */
function grants(stack: GoogleStack): string[] {
  return grantLines(stack).filter((line) => line.includes("train"));
}

describe("a training job of Vertex AI", () => {
  test("has a function that starts and follows it, and an identity of its own", () => {
    const stack = testStack();
    pipeline(stack, { vertexTraining: training });
    expect(errorsOf(stack)).toEqual([]);
    expect(jobOf(stack)).toMatchSnapshot();
    expect(grants(stack)).toMatchSnapshot();
    expect(Object.keys(byType(synthesized(stack), "google_project_service"))).toContainEqual(
      expect.stringContaining("aiplatform"),
    );
  });

  test("has every option", () => {
    const stack = testStack();
    pipeline(stack, {
      vertexTraining: {
        ...training,
        source: join(__dirname, "fixtures/hello/index.ts"),
        args: ["--data={inputs.rows}", "--out={output}", "--label={parameters.label}", "{run}", "{step}"],
        accelerator: { type: "NVIDIA_TESLA_T4", count: 2 },
        replicas: 3,
        environment: { PRICE: "${5}" },
        diskGb: 200,
      },
      maxDuration: Duration.hours(3),
      pollInterval: Duration.minutes(1),
    });
    expect(errorsOf(stack)).toEqual([]);
    expect(jobOf(stack)).toMatchSnapshot();
    const object = all(stack, "google_storage_bucket_object").find(({ name }) => String(name).startsWith("code/"));
    expect(object).toMatchObject({ name: "code/index-<sha256>.ts", bucket: "acme-ml-stack-pipeline-runs-dev" });
  });

  test.each<[string, Partial<VertexTrainingProps>, string]>([
    ["an image without a registry", { image: "train:1" }, 'InvalidImage: image is "train:1"; allowed is <registry>'],
    ["no machine type", { machineType: "large" }, 'InvalidValue: machineType is "large"; allowed is a machine type'],
    ["no replicas", { replicas: 0 }, "OutOfRange: replicas is 0; allowed is a whole number from 1 to 1000"],
    ["a small disk", { diskGb: 10 }, "OutOfRange: diskGb is 10 GB; allowed is a whole number from 100 to 64000 GB"],
    [
      "a file that is not there",
      { source: "none.py" },
      'InvalidSource: source "none.py" does not exist; allowed is a file, relative to ',
    ],
    [
      "an accelerator of other machines",
      { accelerator: { type: "NVIDIA_L4" } },
      "GpuMismatch: accelerator is NVIDIA_L4 on a machine of type n1-standard-4; allowed for it are machine types that match ^g2-",
    ],
    [
      "an accelerator for a machine that takes none",
      { machineType: "e2-standard-4", accelerator: { type: "NVIDIA_NEW" } },
      "GpuMismatch: accelerator is NVIDIA_NEW on a machine of type e2-standard-4; machines of this family take no accelerators",
    ],
    [
      "an accelerator in Compute Engine's notation",
      { accelerator: { type: "L4" } },
      'InvalidValue: type of the accelerator is "L4"; allowed is a type such as NVIDIA_L4 or TPU_V5_LITEPOD',
    ],
    [
      "too many accelerators",
      { accelerator: { type: "NVIDIA_TESLA_T4", count: 17 } },
      "OutOfRange: count of the accelerator is 17; allowed is a whole number from 1 to 16",
    ],
  ])("refuses %s", (_name, props, message) => {
    const found = errors({ vertexTraining: { ...training, ...props } });
    expect(found).toEqual([expect.stringContaining(message)]);
    expect(found[0]).toContain("[stack/pipeline/train/training");
  });

  test("takes accelerators that nothing is known of, and those of their machines", () => {
    for (const [machineType, type] of [
      ["a4-highgpu-8g", "NVIDIA_B200"],
      ["g2-standard-8", "NVIDIA_L4"],
      ["a2-highgpu-1g", "NVIDIA_TESLA_A100"],
      ["a2-ultragpu-1g", "NVIDIA_A100_80GB"],
    ] as const) {
      expect(errors({ vertexTraining: { ...training, machineType, accelerator: { type } } })).toEqual([]);
    }
  });
});

describe("a batch prediction of Vertex AI", () => {
  test("is started and followed", () => {
    const stack = testStack();
    pipeline(stack, { batchPrediction: { model: "123", input: "{inputs.rows}" } });
    expect(errorsOf(stack)).toEqual([]);
    expect(jobOf(stack)).toMatchSnapshot();
    expect(grants(stack)).toMatchSnapshot();
  });

  test("has every option", () => {
    const stack = testStack();
    pipeline(stack, {
      batchPrediction: {
        model: "projects/acme-ml/locations/us-central1/models/123@2",
        input: "gs://acme/in/*.csv",
        output: "gs://acme/out",
        inputFormat: "csv",
        outputFormat: "csv",
        machineType: "g2-standard-4",
        accelerator: { type: "NVIDIA_L4" },
        maxReplicas: 2,
        modelParameters: { threshold: 0.5 },
      },
    });
    expect(errorsOf(stack)).toEqual([]);
    expect(jobOf(stack)).toMatchSnapshot();
  });

  test("refuses what Vertex AI would", () => {
    const found = errors({
      batchPrediction: { model: "a/b", input: "rows.jsonl", output: "out", maxReplicas: 2 },
    });
    expect(found).toEqual([
      expect.stringContaining('InvalidValue: model is "a/b"; allowed is the id of a model, or projects/'),
      expect.stringContaining('InvalidValue: input is "rows.jsonl"; allowed is gs://… or a placeholder'),
      expect.stringContaining('InvalidValue: output is "out"; allowed is gs://… or a placeholder'),
      expect.stringContaining("InvalidValue: accelerator or maxReplicas is given without machineType"),
    ]);
  });
});

test("a Cloud Run job may be run, watched and cancelled, and uses the run bucket", () => {
  const stack = testStack();
  const job = new ContainerJob(stack, "trainer", { image: IMAGE });
  pipeline(stack, { job, args: ["{inputs.rows}"], environment: { LABEL: "{parameters.label}" } });
  expect(errorsOf(stack)).toEqual([]);
  expect(jobOf(stack)).toEqual({
    kind: "run",
    job: "projects/acme-ml/locations/us-central1/jobs/stack-trainer-dev",
    args: ["{inputs.rows}"],
    environment: { LABEL: "{parameters.label}" },
  });
  expect(grants(stack)).toMatchSnapshot();
});

test("a Cloud Run job of another app may be run", () => {
  const stack = testStack();
  pipeline(stack, { job: ContainerJob.fromName(stack, "theirs", "their-job") });
  expect(errorsOf(stack)).toEqual([]);
  expect(jobOf(stack).job).toBe("projects/acme-ml/locations/us-central1/jobs/their-job");
});

test("a Dataflow template runs on its workers, which use the run bucket", () => {
  const stack = testStack();
  const temp = new Bucket(stack, "temp");
  const workers = new DataflowWorkers(stack, "workers", { tempBucket: temp, outputBucket: temp });
  pipeline(stack, {
    dataflow: {
      template: DataflowTemplate.flex("gs://acme/template.json"),
      parameters: { input: "{inputs.rows}", output: "{output}/counts" },
      workers,
    },
  });
  expect(errorsOf(stack)).toEqual([]);
  expect(jobOf(stack)).toMatchSnapshot();
  expect(grants(stack)).toMatchSnapshot();
});

test("a Beam YAML pipeline has the parameters among its variables, each as it was given", () => {
  const stack = testStack();
  const temp = new Bucket(stack, "temp");
  const workers = new DataflowWorkers(stack, "workers", { tempBucket: temp, outputBucket: temp });
  const text = `"a" \\n \n é 😀 $\{X} %{Y}`;
  pipeline(stack, {
    dataflow: {
      template: DataflowTemplate.yaml("pipelines/flowers.yaml", {
        variables: { features: [text], label: "species", test_fraction: 0.3 },
      }),
      parameters: { input: "{inputs.rows}", output: "{output}", test_fraction: "{parameters.share}" },
      workers,
    },
  });
  expect(errorsOf(stack)).toEqual([]);
  expect(jobOf(stack)).toMatchObject({
    template: { kind: "flex", path: "gs://dataflow-templates-us-central1/latest/flex/Yaml_Template" },
    parameters: { yaml_pipeline_file: expect.stringMatching(/^gs:\/\/.*\/flowers-.*\.yaml$/) },
    variables: {
      // As Terraform reads it.
      features: [text.replaceAll(/([$%])\{/g, "$1$1{")],
      label: "species",
      input: "{inputs.rows}",
      output: "{output}",
      test_fraction: "{parameters.share}",
    },
  });
});

test("a Beam YAML pipeline without the variable of a parameter is refused", () => {
  const stack = testStack();
  const temp = new Bucket(stack, "temp");
  const workers = new DataflowWorkers(stack, "workers", { tempBucket: temp, outputBucket: temp });
  const template = DataflowTemplate.yaml("pipelines/flowers.yaml");
  pipeline(stack, { dataflow: { template, parameters: { inputs: "{inputs.rows}" }, workers } });
  expect(errorsOf(stack)).toEqual([
    '[stack/pipeline/train] InvalidBeamPipeline: Beam pipeline "pipelines/flowers.yaml" uses no variable inputs',
  ]);
});

describe("a step that is a job", () => {
  test("enqueues its own tasks, also as the last step", () => {
    const stack = testStack();
    pipeline(stack, { vertexTraining: training });
    const enqueuers = all(stack, "google_cloud_tasks_queue_iam_member").map(({ member }) => String(member));
    expect(enqueuers).toContainEqual(expect.stringContaining("train_identity"));
  });

  test.each<[string, Partial<JobStepProps>, string]>([
    [
      "a short interval",
      { pollInterval: Duration.seconds(1) },
      "OutOfRange: pollInterval of step train is 1 seconds; allowed is a whole number from 5 to 3600 seconds",
    ],
    [
      "a job that may last longer than tasks live",
      { maxDuration: Duration.days(31) },
      "OutOfRange: maxDuration of step train is 2678400 seconds; allowed is a whole number from 60 to 2592000 seconds",
    ],
  ])("refuses %s", (_name, props, message) => {
    expect(errors({ vertexTraining: training, ...props })).toEqual([`[stack/pipeline] ${message}`]);
  });

  test("refuses placeholders that it cannot fill", () => {
    const args = ["{inputs.rows}", "{element}", "{index}", "{model}", '{"json": {"a": 1}}', "{inputs}", "{run.id}"];
    const allowed = "allowed are {run}, {step}, {output}, {inputs.<name>}, {parameters.<name>}";
    expect(errors({ vertexTraining: { ...training, args } })).toEqual(
      ["{element}", "{index}", "{model}", "{inputs}", "{run.id}"].map(
        (placeholder) =>
          `[stack/pipeline] InvalidValue: the job of step "train" has the placeholder ${placeholder}; ${allowed}`,
      ),
    );
  });

  test("has no inputs as the first step", () => {
    const stack = testStack();
    new TaskPipeline(stack, "pipeline", {
      steps: { train: { vertexTraining: { ...training, args: ["{inputs.rows}"] } } },
    });
    expect(errorsOf(stack)).toEqual([
      '[stack/pipeline] InvalidValue: the job of step "train" has the placeholder {inputs.rows}; allowed are {run}, {step}, {output}, {parameters.<name>}',
    ]);
  });

  test("may run for each element of a list", () => {
    const stack = testStack();
    pipeline(stack, { vertexTraining: { ...training, args: ["{element}", "{index}"] }, forEach: "rows" });
    expect(errorsOf(stack)).toEqual([]);
  });

  test("keeps the variables that tell a job what to work on", () => {
    expect(errors({ vertexTraining: { ...training, environment: { PIPELINE_JOB: "mine" } } })).toEqual([
      '[stack/pipeline] ReservedVariable: the job of step "train" has the environment variable PIPELINE_JOB; variables that begin with PIPELINE_ tell it what to work on',
    ]);
  });

  test("may be anywhere in the graph, but not in a cycle", () => {
    const stack = testStack();
    new TaskPipeline(stack, "pipeline", {
      steps: {
        train: { vertexTraining: training, after: ["evaluate"] },
        evaluate: { source: helloSource, after: ["train"] },
      },
    });
    expect(errorsOf(stack)).toEqual([expect.stringContaining("PipelineCycle: steps wait for each other: ")]);
  });
});

test("the stack task-pipeline trains in Vertex AI where the settings say so", () => {
  const made = (trainAs: "function" | "vertex") => {
    const { context } = JSON.parse(readFileSync("cdktf.json", "utf8"));
    return new TaskPipelineStack(testApp(), readSettings(testApp(context), { TRAIN_AS: trainAs }));
  };
  const stack = made("vertex");
  expect(errorsOf(stack)).toEqual([]);
  expect(jobOf(stack)).toMatchSnapshot();
  const changes = differences(reviewed(made("function")), reviewed(stack)).resource as Json;
  expect(
    Object.fromEntries(Object.entries(changes).map(([type, all]) => [type, Object.keys(all as Json)])),
  ).toMatchSnapshot();
});
