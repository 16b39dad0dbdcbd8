import { Duration } from "../../lib/core/duration";
import { Bucket } from "../../lib/parts/bucket";
import { DataflowTemplate } from "../../lib/parts/dataflow-template";
import type { GoogleStack } from "../../lib/parts/google-stack";
import { ScheduledPreprocessing, type ScheduledPreprocessingProps } from "../../lib/patterns/scheduled-preprocessing";
import { grantLines } from "./iam";
import { all, errorsOf, type Json, only, testStack } from "./support";

const WORDS = {
  template: DataflowTemplate.classic("gs://dataflow-templates/latest/Word_Count"),
  parameters: (output: string) => ({ inputFile: "gs://raw/text.txt", output: `${output}/counts` }),
  schedule: { cron: "0 3 * * *" },
};
const FLOWERS = {
  template: DataflowTemplate.yaml("pipelines/flowers.yaml", { variables: { label: "species", test_fraction: 0.3 } }),
  parameters: (output: string) => ({ input: "gs://raw/*.csv", output }),
  schedule: { cron: "0 4 * * *", timeZone: "Europe/Zurich" },
};

function preprocessing(stack: GoogleStack, props: ScheduledPreprocessingProps) {
  return new ScheduledPreprocessing(stack, "prep", props);
}

function variables(stack: GoogleStack): Record<string, string> {
  const { service_config } = only(stack, "google_cloudfunctions2_function", "stack-prep-launcher-dev") as Json;
  return (service_config as Json).environment_variables as Record<string, string>;
}

const jobsIn = (stack: GoogleStack) => JSON.parse(variables(stack).JOBS ?? "");

test("jobs share queue, launcher and buckets; each has a schedule, a prefix and an alert", () => {
  const stack = testStack({ notificationEmails: ["ops@example.com"] });
  const { schedules, schedule, jobNamePrefixes, jobNamePrefix } = preprocessing(stack, {
    ...WORDS,
    jobs: { flowers: { ...FLOWERS, maxWorkers: 9, machineType: "n1-standard-4" } },
  });
  expect(Object.keys(schedules)).toEqual(["default", "flowers"]);
  expect(schedule).toBe(schedules.default);
  expect(jobNamePrefixes).toEqual({ default: "prep-dev", flowers: "prep-flowers-dev" });
  expect(jobNamePrefix).toBe("prep-dev");
  expect(all(stack, "google_cloud_tasks_queue")).toHaveLength(1);
  expect(
    all(stack, "google_cloudfunctions2_function")
      .map(({ name }) => name)
      .sort(),
  ).toEqual(["stack-prep-launcher-dev", "stack-prep-redrive-dev"]);
  const { default: words, flowers } = jobsIn(stack);
  expect([words.environment.maxWorkers, words.environment.machineType]).toEqual([3, undefined]);
  expect([flowers.environment.maxWorkers, flowers.environment.machineType]).toEqual([9, "n1-standard-4"]);
  const bodies = all(stack, "google_cloud_scheduler_job").map(({ schedule: cron, http_target }) => [
    cron,
    /"body" = base64encode\(jsonencode\((.*?)\)\)/.exec(String((http_target as Json).body))?.[1],
  ]);
  expect(bodies.sort()).toEqual([
    ["0 3 * * *", '{"parameters" = {}}'],
    ["0 4 * * *", '{"job" = "flowers", "parameters" = {}}'],
  ]);
  const alerts = all(stack, "google_monitoring_alert_policy").map(({ display_name }) => String(display_name));
  expect(alerts.filter((name) => name.startsWith("Dataflow jobs")).sort()).toEqual([
    "Dataflow jobs prep-dev-* fail",
    "Dataflow jobs prep-flowers-dev-* fail",
  ]);
});

test("jobs alone need no job default", () => {
  const stack = testStack();
  const { schedule, schedules, jobNamePrefix } = preprocessing(stack, { jobs: { flowers: FLOWERS } });
  expect(schedule).toBe(schedules.flowers);
  expect(jobNamePrefix).toBe("prep-flowers-dev");
  expect(Object.keys(jobsIn(stack))).toEqual(["flowers"]);
});

describe("a Beam YAML pipeline", () => {
  test("is uploaded under the hash of its content, and launched through Google's template of the region", () => {
    const stack = testStack();
    preprocessing(stack, { jobs: { flowers: FLOWERS } });
    const [object] = all(stack, "google_storage_bucket_object").filter(({ content }) => content !== undefined);
    expect(object).toMatchObject({
      name: "flowers-<sha256>.yaml",
      content: expect.stringContaining("pipeline:"),
    });
    expect(jobsIn(stack).flowers).toMatchObject({
      template: { kind: "flex", path: "gs://dataflow-templates-us-central1/latest/flex/Yaml_Template" },
      parameters: { yaml_pipeline_file: "gs://acme-ml-stack-pipelines-dev/flowers-<sha256>.yaml" },
      variables: {
        label: "species",
        test_fraction: 0.3,
        input: "gs://raw/*.csv",
        output: "gs://acme-ml-stack-prep-output-dev/{jobName}",
      },
    });
    // roles/dataflow.worker is enough.
    expect(grantLines(stack).filter((line) => line.includes("pipelines-dev"))).toEqual([]);
  });

  test("has pipeline options and a template of one's own", () => {
    const stack = testStack();
    const templatePath = "gs://dataflow-templates-us-central1/2026-08-20-00_RC00/flex/Yaml_Template";
    const pipelineOptions = { requirements_file: "/usr/local/lib/python3.11/urllib/__init__.py" };
    const template = DataflowTemplate.yaml("pipelines/flowers.yaml", { templatePath, pipelineOptions });
    preprocessing(stack, { jobs: { flowers: { ...FLOWERS, template } } });
    expect(jobsIn(stack).flowers).toMatchObject({
      template: { path: templatePath },
      environment: { additionalPipelineOptions: ["requirements_file=/usr/local/lib/python3.11/urllib/__init__.py"] },
    });
  });

  test("two jobs of one file share the object", () => {
    const stack = testStack();
    preprocessing(stack, { jobs: { a: FLOWERS, b: FLOWERS } });
    const files = new Set(Object.values<Json>(jobsIn(stack)).map(({ parameters }) => JSON.stringify(parameters)));
    expect(files.size).toBe(1);
  });
});

test("only a launcher that follows jobs may enqueue and ask for states", () => {
  const [following, not] = [testStack(), testStack()];
  preprocessing(following, { ...WORDS, waitFor: Duration.hours(2) });
  preprocessing(not, WORDS);
  expect(jobsIn(following).default.waitSeconds).toBe(7200);
  expect(variables(following).QUEUE).toBe("projects/acme-ml/locations/us-central1/queues/stack-prep-queue-dev");
  const more = [
    "stack-prep-launcher-dev | custom role stack_dataflow_follower_dev | project acme-ml",
    "stack-prep-launcher-dev | roles/cloudtasks.enqueuer | queue stack-prep-queue-dev",
  ];
  expect(grantLines(following).filter((line) => !grantLines(not).includes(line))).toEqual(more);
  expect(
    Object.values(all(following, "google_project_iam_custom_role")).map(({ permissions }) => permissions),
  ).toContainEqual(["dataflow.jobs.get", "dataflow.messages.list"]);
});

test("a deploy-time job has its own workers", () => {
  const stack = testStack();
  preprocessing(stack, {
    jobs: { words: { ...WORDS, deployTimeJob: true, maxWorkers: 7, machineType: "n1-standard-8" } },
  });
  expect(only(stack, "google_dataflow_job")).toMatchObject({
    name: "stack-prep-job-words-dev",
    max_workers: 7,
    machine_type: "n1-standard-8",
  });
});

test("reports what is wrong with jobs, all at once", () => {
  const stack = testStack();
  const bucket = new Bucket(stack, "raw");
  preprocessing(stack, {
    inputBuckets: [bucket],
    jobs: {
      Flowers: { ...FLOWERS, waitFor: Duration.seconds(5), maxWorkers: 1001 },
      typo: { ...FLOWERS, parameters: (output) => ({ inptu: "gs://raw/x.csv", output }) },
      deployed: { ...FLOWERS, deployTimeJob: true },
    },
  });
  expect(errorsOf(stack)).toEqual([
    '[stack/prep] InvalidValue: "Flowers" is not a name for a job; allowed is 1 to 20 of a-z, 0-9 and -, beginning with a letter',
    "[stack/prep] OutOfRange: waitFor of Flowers is 5 seconds; allowed is from 60 to 2592000 seconds",
    "[stack/prep] OutOfRange: maxWorkers of Flowers is 1001; allowed is a whole number from 1 to 1000",
    '[stack/prep] InvalidBeamPipeline: Beam pipeline "pipelines/flowers.yaml" uses no variable inptu',
    "[stack/prep/job-deployed] InvalidValue: a deploy-time job has the yaml template pipelines/flowers.yaml; allowed is a classic one",
  ]);
});

test.each<[string, ScheduledPreprocessingProps, string]>([
  ["nothing", {}, "there is no job; allowed are template, parameters and schedule, or jobs"],
  [
    "a template without a schedule",
    { template: WORDS.template, parameters: WORDS.parameters },
    "template, parameters given; allowed are template, parameters and schedule together, for the job default",
  ],
  [
    "the job default twice",
    { ...WORDS, jobs: { default: FLOWERS } },
    "template, parameters, schedule and jobs.default given; allowed is one of the two, for the job default",
  ],
])("reports %s", (_name, props, message) => {
  const stack = testStack();
  preprocessing(stack, props);
  expect(errorsOf(stack)).toContain(`[stack/prep] InvalidValue: ${message}`);
});
