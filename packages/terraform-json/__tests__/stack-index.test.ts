import { evaluateStack, StackIndex } from "../src";

const AGENT = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-cloudtasks.iam.gserviceaccount.com";

const STACK = evaluateStack(
  {
    provider: { google: [{ project: "p", region: "us-central1" }] },
    data: { google_project: { this: {} } },
    resource: {
      google_service_account: {
        worker: { account_id: "worker" },
        flow: { account_id: "flow" },
        builder: { account_id: "builder" },
        caller: { account_id: "caller" },
        box: { account_id: "box-runtime" },
        pool: { account_id: "pool-runtime" },
      },
      google_cloudfunctions2_function: {
        worker: {
          name: "worker",
          location: "us-central1",
          build_config: { service_account: "${google_service_account.builder.id}" },
          service_config: {
            service_account_email: "${google_service_account.worker.email}",
            environment_variables: { DEAD_LETTER_TOPIC: "${google_pubsub_topic.letters.id}", MAX_ATTEMPTS: "7" },
          },
        },
        other: { name: "other", location: "us-central1" },
      },
      google_cloud_run_v2_service: {
        box: {
          name: "box",
          location: "europe-west4",
          template: {
            service_account: "${google_service_account.box.email}",
            containers: [
              {
                image: "gcr.io/p/box",
                env: [
                  { name: "DEAD_LETTER_TOPIC", value: "${google_pubsub_topic.boxed.id}" },
                  { name: "MAX_ATTEMPTS", value: "9" },
                  { name: "EMPTY" },
                  { name: "KEY", value_source: { secret_key_ref: { secret: "key" } } },
                ],
              },
            ],
          },
        },
      },
      google_cloud_run_v2_worker_pool: {
        pool: {
          name: "pool",
          location: "us-central1",
          template: { service_account: "${google_service_account.pool.email}", containers: { image: "gcr.io/p/pool" } },
        },
      },
      google_workflows_workflow: { flow: { name: "flow", service_account: "${google_service_account.flow.id}" } },
      google_pubsub_topic: {
        letters: { name: "letters" },
        boxed: { name: "boxed" },
        more: { name: "more" },
        news: { name: "news" },
      },
      google_pubsub_subscription: {
        s: {
          name: "s",
          topic: "${google_pubsub_topic.news.id}",
          dead_letter_policy: [{ dead_letter_topic: "${google_pubsub_topic.more.id}" }],
        },
        plain: { name: "plain", topic: "news" },
      },
      google_cloud_tasks_queue: {
        q: {
          name: "q",
          location: "us-central1",
          http_target: {
            uri_override: {
              host: '${trimprefix(google_cloudfunctions2_function.worker.service_config[0].uri, "https://")}',
            },
            oidc_token: { service_account_email: "${google_service_account.caller.email}" },
          },
        },
      },
      google_project_iam_custom_role: {
        mine: { role_id: "mine", title: "mine", permissions: ["pubsub.topics.publish"] },
        off: { role_id: "off", title: "off", permissions: ["pubsub.topics.publish"], stage: "DISABLED" },
      },
      google_cloud_run_v2_service_iam_member: {
        call: {
          name: "worker",
          location: "us-central1",
          role: "roles/run.invoker",
          member: "${google_service_account.caller.member}",
        },
      },
      google_cloud_run_v2_service_iam_binding: {
        box: {
          name: "${google_cloud_run_v2_service.box.name}",
          location: "europe-west4",
          role: "r",
          members: ["allUsers"],
        },
      },
      google_cloud_run_v2_worker_pool_iam_member: {
        pool: {
          name: "${google_cloud_run_v2_worker_pool.pool.id}",
          location: "us-central1",
          role: "r",
          member: "allUsers",
        },
      },
      google_service_account_iam_binding: {
        agent: {
          service_account_id: "${google_service_account.caller.id}",
          role: "roles/iam.serviceAccountUser",
          members: [AGENT, "user:ann@example.com"],
        },
      },
      google_unknown_iam_member: { x: { role: "r", member: "allUsers" } },
    },
  },
  { name: "stack", folder: "." },
);
const index = StackIndex.of(STACK);
const email = (id: string) => `${id}@p.iam.gserviceaccount.com`;
const FUNCTION = "google_cloudfunctions2_function.worker";

test("a stack has one index", () => {
  expect(STACK.findings).toEqual([]);
  expect(StackIndex.of({ ...STACK, outputs: {} } as typeof STACK)).toBe(index);
});

test("a function is found by each of its URLs, and by what lies below them", () => {
  const [worker, other] = index.workers();
  expect([worker?.name, worker?.email, other?.name, other?.email]).toEqual([
    "worker",
    email("worker"),
    "other",
    undefined,
  ]);
  expect(worker?.urls.map(String)).toEqual([
    expect.stringMatching(/^https:\/\/worker-\w{10}-uc\.a\.run\.app\/$/),
    "https://us-central1-p.cloudfunctions.net/worker",
    `https://worker-${STACK.projectNumber}.us-central1.run.app/`,
    "https://us-central1-p.cloudfunctions.net/worker",
  ]);
  for (const url of worker?.urls ?? []) {
    for (const below of ["", "/", "/path", "?query"]) {
      expect(index.workerAt(`${String(url).replace(/\/$/, "")}${below}`)?.name).toBe("worker");
    }
  }
  expect(index.workerAt("https://us-central1-p.cloudfunctions.net/other")?.name).toBe("other");
  for (const no of ["https://us-central1-p.cloudfunctions.net/worker2", "https://example.com/", "no URL", undefined]) {
    expect(index.workerAt(no)).toBeUndefined();
  }
});

test("a container service is a worker like a function; a worker pool has no URL", () => {
  const [box, pool] = index.workers().slice(2);
  expect(box).toMatchObject({
    kind: "service",
    name: "box",
    uri: expect.stringMatching(/^https:\/\/box-\w{10}-ew\.a\.run\.app$/),
    email: email("box-runtime"),
    environment: { DEAD_LETTER_TOPIC: "projects/p/topics/boxed", MAX_ATTEMPTS: "9", EMPTY: "" },
  });
  expect(box?.environment).not.toHaveProperty("KEY");
  expect(box?.urls.map(String)).toEqual([`${box?.uri}/`, `https://box-${STACK.projectNumber}.europe-west4.run.app/`]);
  expect(
    index.at("google_cloud_run_v2_service.box")?.attributes.urls.map((url: string) => index.workerAt(url)),
  ).toEqual([box, box]);
  expect(pool).toMatchObject({ kind: "pool", name: "pool", uri: undefined, urls: [], email: email("pool-runtime") });
  expect(index.workersOf(email("pool-runtime"))).toEqual([pool]);
  expect(index.workerWith("EMPTY")).toBe(box);
  expect(box && index.attemptsOf(box)).toBe(9);
  expect([email("box-runtime"), email("pool-runtime")].map((each) => index.isWorker(each))).toEqual([true, true]);
});

test("a grant on a Cloud Run service is on the function or on the container service that has the name", () => {
  const on = (address: string) => index.grants().find((grant) => grant.address === address)?.on;
  expect(on("google_cloud_run_v2_service_iam_member.call")?.type).toBe("google_cloudfunctions2_function");
  expect(on("google_cloud_run_v2_service_iam_binding.box")).toEqual({
    type: "google_cloud_run_v2_service",
    name: "box",
    fullName: "projects/p/locations/europe-west4/services/box",
  });
  expect(on("google_cloud_run_v2_worker_pool_iam_member.pool")?.fullName).toBe(
    "projects/p/locations/us-central1/workerPools/pool",
  );
});

test("the accounts that resources run as, present, and are built by", () => {
  expect(index.workersOf(email("worker")).map(({ name }) => name)).toEqual(["worker"]);
  expect([email("flow"), undefined].map((each) => index.workersOf(each))).toEqual([[], []]);
  const emails = [email("worker"), email("flow"), email("caller"), "client@p", undefined];
  expect(emails.map((each) => index.isWorker(each))).toEqual([true, true, false, false, false]);
  expect(index.runningAs(email("flow"))).toEqual(["google_workflows_workflow.flow"]);
  expect(index.presentedBy("google_cloud_tasks_queue.q")).toBe(email("caller"));
  expect([index.presentedBy(FUNCTION), index.presentedBy("nothing.here")]).toEqual([undefined, undefined]);
  expect([email("builder"), email("worker")].map((each) => index.onlyBuilds(each))).toEqual([true, false]);
  expect(index.serviceAccount(email("flow"))?.address).toBe("google_service_account.flow");
});

test("links follow from queues, subscriptions, notifications and schedules", () => {
  expect(index.links()).toEqual([
    { from: "google_cloud_tasks_queue.q", to: FUNCTION, what: "POST", as: email("caller") },
    { from: "google_pubsub_topic.news", to: "google_pubsub_subscription.s", what: "", delivered: true },
    {
      from: "google_pubsub_subscription.s",
      to: "google_pubsub_topic.more",
      what: "after 5 deliveries",
      delivered: true,
    },
    { from: "google_pubsub_topic.news", to: "google_pubsub_subscription.plain", what: "", delivered: true },
  ]);
});

test("dead letters: topics of functions and of subscriptions, and after how many attempts they get what fails", () => {
  expect([...index.deadLetterTopics()]).toEqual(
    ["letters", "boxed", "more"].map((name) => `projects/p/topics/${name}`),
  );
  const [s, plain] = ["projects/p/subscriptions/s", "projects/p/subscriptions/plain"];
  expect([s, plain].map((name) => index.forwards(name))).toEqual([true, false]);
  expect([4, 5, 6, undefined].map((attempt) => index.isLastDelivery(s, attempt))).toEqual([false, true, true, false]);
  expect(index.isLastDelivery(plain, 100)).toBe(false);
  expect(index.workers().map((each) => index.attemptsOf(each))).toEqual([7, 0, 9, 0]);
  expect(index.mostAttempts()).toBe(9);
});

test("grants by member, with the resource that they are on", () => {
  const agent = `serviceAccount:service-${STACK.projectNumber}@gcp-sa-cloudtasks.iam.gserviceaccount.com`;
  const account = { type: "google_service_account", name: `projects/p/serviceAccounts/${email("caller")}` };
  const acting = { address: "google_service_account_iam_binding.agent", role: "roles/iam.serviceAccountUser" };
  const others = ({ address }: { address: string }) => !/\.(box|pool)$/.test(address);
  expect(index.grants().filter(others)).toEqual([
    {
      address: "google_cloud_run_v2_service_iam_member.call",
      role: "roles/run.invoker",
      member: `serviceAccount:${email("caller")}`,
      on: {
        type: "google_cloudfunctions2_function",
        name: "worker",
        fullName: "projects/p/locations/us-central1/services/worker",
      },
    },
    ...[agent, "user:ann@example.com"].map((member) => ({
      ...acting,
      member,
      on: { ...account, fullName: account.name },
    })),
  ]);
  expect([...index.customRoles()]).toEqual([
    ["projects/p/roles/mine", ["pubsub.topics.publish"]],
    ["projects/p/roles/off", []],
  ]);
});
