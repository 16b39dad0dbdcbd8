/** A valid environment for each function, by its folder. */
export const environments = {
  "batch-submitter": {
    INPUT_BUCKET: "in-bucket",
    OUTPUT_BUCKET: "out-bucket",
    QUEUE: "projects/my-project/locations/us-central1/queues/batch",
    DISPATCH_DEADLINE_SECONDS: "600",
  },
  "batch-worker": {
    INPUT_BUCKET: "in-bucket",
    OUTPUT_BUCKET: "out-bucket",
    VERTEX_ENDPOINT: "projects/my-project/locations/us-central1/endpoints/123",
    PREDICT_BATCH_SIZE: "4",
    MAX_ATTEMPTS: "3",
    DEAD_LETTER_TOPIC: "projects/my-project/topics/dead",
  },
  "pipeline-start": {
    RUN_BUCKET: "run-bucket",
    QUEUE: "projects/my-project/locations/us-central1/queues/pipeline",
    TOKEN_IDENTITY: "caller@my-project.iam.gserviceaccount.com",
    STEPS: JSON.stringify([
      { name: "preprocess", url: "https://preprocess.example.run.app/", after: [], deadlineSeconds: 300 },
      { name: "train", url: "https://train.example.run.app/", after: ["preprocess"], deadlineSeconds: 600 },
      { name: "infer", url: "https://infer.example.run.app/", after: ["train"], deadlineSeconds: 300 },
    ]),
    DEAD_LETTER_TOPIC: "projects/my-project/topics/dead",
  },
  "pipeline-preprocess": step(),
  "pipeline-train": step(),
  "pipeline-infer": step(),
  "pipeline-job": {
    ...step(),
    JOB: JSON.stringify({
      kind: "run",
      job: "projects/my-project/locations/us-central1/jobs/train",
      args: ["--input={inputs.train}", "--seed={parameters.seed}"],
    }),
    POLL_INTERVAL_SECONDS: "30",
    MAX_DURATION_SECONDS: "86400",
  },
  "start-workflow": {
    WORKFLOW: "projects/my-project/locations/us-central1/workflows/ml-prediction-workflow",
    UPLOAD_BUCKET: "uploads",
    MAX_UPLOAD_BYTES: "1000",
    DEAD_LETTER_TOPIC: "projects/my-project/topics/dead",
  },
  "message-predictor": {
    SUBSCRIBER: "text",
    RESULTS_BUCKET: "results",
    VERTEX_ENDPOINT: "projects/my-project/locations/europe-west4/endpoints/456",
    DEAD_LETTER_TOPIC: "projects/my-project/topics/dead",
    REDRIVE_SUBSCRIPTION: "projects/my-project/subscriptions/text-redrive",
  },
  "message-audit": {
    SUBSCRIBER: "audit",
    RESULTS_BUCKET: "results",
    DEAD_LETTER_TOPIC: "projects/my-project/topics/dead",
  },
  "dataflow-launcher": {
    DATAFLOW_LOCATION: "projects/my-project/locations/us-central1",
    JOBS: JSON.stringify({
      default: {
        template: { kind: "classic", path: "gs://dataflow-templates/latest/Word_Count" },
        namePrefix: "preprocessing",
        parameters: { inputFile: "gs://samples/kinglear.txt", output: "gs://out/counts" },
        environment: { tempLocation: "gs://temp/tmp" },
      },
    }),
    MAX_ATTEMPTS: "3",
    DEAD_LETTER_TOPIC: "projects/my-project/topics/dead",
  },
  "dead-letter-redrive": {
    ORIGINS: JSON.stringify([
      {
        kept: "projects/my-project/subscriptions/kept-shards",
        queues: {
          batch: {
            name: "projects/my-project/locations/us-central1/queues/batch",
            workers: { "batch-worker": { deadlineSeconds: 300 } },
          },
        },
        topics: {},
      },
      {
        kept: "projects/my-project/subscriptions/kept-steps",
        queues: {
          pipeline: {
            name: "projects/my-project/locations/us-central1/queues/pipeline",
            tokenIdentity: "caller@my-project.iam.gserviceaccount.com",
            workers: {
              train: { url: "https://train.example.run.app", deadlineSeconds: 600 },
              infer: { url: "https://infer.example.run.app", deadlineSeconds: 60 },
            },
          },
        },
        topics: {},
      },
      {
        kept: "projects/my-project/subscriptions/kept-texts",
        queues: {},
        topics: {
          text: "projects/my-project/topics/text-redrive",
          "text-redrive": "projects/my-project/topics/text-redrive",
        },
      },
    ]),
  },
} satisfies Record<string, Record<string, string>>;

function step() {
  return {
    RUN_BUCKET: "run-bucket",
    QUEUE: "projects/my-project/locations/us-central1/queues/pipeline",
    TOKEN_IDENTITY: "caller@my-project.iam.gserviceaccount.com",
    MAX_ATTEMPTS: "3",
    DEAD_LETTER_TOPIC: "projects/my-project/topics/dead",
  };
}
