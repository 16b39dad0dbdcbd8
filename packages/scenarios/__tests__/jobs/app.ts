import { App } from "cdktf";
import {
  Bucket,
  ContainerJob,
  DataflowTemplate,
  DataflowWorkers,
  Duration,
  GoogleStack,
  synthesize,
  TaskPipeline,
} from "../../../../lib";

// Synthesizes into CDKTF_OUTDIR a pipeline with a job of each kind, and one with two of them.
const app = new App({ stackTraces: false });
const pollInterval = Duration.seconds(5);

function stackOf(id: string) {
  const stack = new GoogleStack(app, id, { project: "acme-ml", region: "us-central1" });
  const preparation = new ContainerJob(stack, "preparation", {
    image: "us-docker.pkg.dev/acme-ml/images/prepare:1",
    deletionProtection: false,
  });
  const image = "us-docker.pkg.dev/acme-ml/images/train:1";
  const steps = {
    prepare: { job: preparation, args: ["{output}"], pollInterval },
    train: {
      vertexTraining: { image, args: ["{output}", "{element}"], machineType: "n1-standard-4" },
      forEach: "shards",
      after: ["prepare"],
      pollInterval,
    },
  };
  return { stack, steps };
}

const two = stackOf("two-jobs");
new TaskPipeline(two.stack, "pipeline", { maxDispatchesPerSecond: 500, steps: two.steps });

const echo = new GoogleStack(app, "echo", { project: "acme-ml", region: "us-central1" });
const scratch = new Bucket(echo, "temp", { deleteAfter: Duration.days(7) });
new TaskPipeline(echo, "pipeline", {
  steps: {
    echo: {
      dataflow: {
        template: DataflowTemplate.yaml("packages/scenarios/__tests__/jobs/echo.yaml", {
          variables: { list: "{parameters.list}" },
        }),
        parameters: { text: "{run}: {parameters.text}", output: "{output}" },
        workers: new DataflowWorkers(echo, "workers", { tempBucket: scratch, outputBucket: scratch }),
      },
      pollInterval,
    },
  },
});

const all = stackOf("jobs");
const temp = new Bucket(all.stack, "temp", { deleteAfter: Duration.days(7) });
new TaskPipeline(all.stack, "pipeline", {
  maxDispatchesPerSecond: 500,
  steps: {
    ...all.steps,
    predict: {
      batchPrediction: { model: "123", input: "{inputs.instances}" },
      after: ["prepare"],
      pollInterval,
    },
    count: {
      dataflow: {
        template: DataflowTemplate.classic("gs://dataflow-templates/latest/Word_Count"),
        parameters: { inputFile: "{inputs.text}", output: "{output}/counts" },
        workers: new DataflowWorkers(all.stack, "workers", { tempBucket: temp, outputBucket: temp }),
      },
      after: ["prepare", "train"],
      pollInterval,
    },
  },
});
synthesize(app);
