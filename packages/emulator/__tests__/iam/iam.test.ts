import { ApiError } from "../../src/core/api-error";
import type { EvaluatedResource } from "../../src/core/emulator";
import { allows, BindingAuthorizer, defaultBindings, readBindings } from "../../src/iam";
import { parseCondition } from "../../src/iam/condition";
import { DESCRIPTIONS } from "../../src/services";

const PROJECT = "acme-ml";
const policies = DESCRIPTIONS.flatMap((description) => description.policies ?? []);
const worker = { email: "worker@acme-ml.iam.gserviceaccount.com" };
const member = `serviceAccount:${worker.email}`;
const queue = `projects/${PROJECT}/locations/l/queues/q`;

function resource(type: string, attributes: object): EvaluatedResource {
  return { address: `${type}.it`, type, attributes };
}

function authorizer(...resources: EvaluatedResource[]) {
  const { bindings, problems } = readBindings(resources, PROJECT);
  expect(problems).toEqual([]);
  return new BindingAuthorizer(bindings, { project: PROJECT, policies });
}

function refusal(work: () => void): { code: string; message: string } {
  try {
    work();
  } catch (error) {
    if (error instanceof ApiError) return { code: error.code, message: error.message };
  }
  throw new Error("it was allowed");
}

describe.each([
  [
    "google_cloud_run_v2_service_iam_member",
    { location: "l", name: "s" },
    "roles/run.invoker",
    "run.routes.invoke",
    `projects/${PROJECT}/locations/l/services/s`,
  ],
  [
    "google_cloud_run_v2_service_iam_member",
    { location: "l", name: `projects/${PROJECT}/locations/l/services/s` },
    "roles/run.servicesInvoker",
    "run.routes.invoke",
    `projects/${PROJECT}/locations/l/services/s`,
  ],
  [
    "google_cloud_run_service_iam_member",
    { location: "l", service: "s" },
    "roles/run.invoker",
    "run.routes.invoke",
    `projects/${PROJECT}/locations/l/services/s`,
  ],
  [
    "google_cloud_tasks_queue_iam_member",
    { location: "l", name: "q" },
    "roles/cloudtasks.enqueuer",
    "cloudtasks.tasks.create",
    queue,
  ],
  [
    "google_pubsub_topic_iam_member",
    { topic: "t" },
    "roles/pubsub.publisher",
    "pubsub.topics.publish",
    `projects/${PROJECT}/topics/t`,
  ],
  [
    "google_pubsub_topic_iam_member",
    { topic: `projects/${PROJECT}/topics/t` },
    "roles/pubsub.publisher",
    "pubsub.topics.publish",
    `projects/${PROJECT}/topics/t`,
  ],
  [
    "google_pubsub_subscription_iam_member",
    { subscription: "s" },
    "roles/pubsub.subscriber",
    "pubsub.subscriptions.consume",
    `projects/${PROJECT}/subscriptions/s`,
  ],
  [
    "google_service_account_iam_member",
    { service_account_id: "projects/-/serviceAccounts/x@y" },
    "roles/iam.serviceAccountUser",
    "iam.serviceAccounts.actAs",
    `projects/${PROJECT}/serviceAccounts/x@y`,
  ],
  [
    "google_storage_bucket_iam_member",
    { bucket: "b" },
    "roles/storage.objectViewer",
    "storage.objects.get",
    "projects/_/buckets/b/objects/a/b.json",
  ],
  [
    "google_project_iam_member",
    { project: PROJECT },
    "roles/dataflow.developer",
    "dataflow.jobs.create",
    `projects/${PROJECT}/locations/l`,
  ],
  ["google_project_iam_member", {}, "roles/storage.objectViewer", "storage.objects.list", "projects/_/buckets/b"],
])("%s %j", (type, where, role, permission, on) => {
  const iam = () => authorizer(resource(type, { ...where, role, member }));

  test("allows its member, and says that it did", () => {
    const authorizer = iam();
    authorizer.require(worker, permission, on);
    expect([...authorizer.used]).toEqual([`${type}.it`]);
  });

  test("allows no other member, and nothing else", () => {
    expect(refusal(() => iam().require({ email: "other@x" }, permission, on)).code).toBe("PERMISSION_DENIED");
    expect(refusal(() => iam().require(worker, "storage.buckets.delete", on)).code).toBe("PERMISSION_DENIED");
    expect(refusal(() => iam().require({}, permission, on)).code).toBe("UNAUTHENTICATED");
  });
});

test("a grant on one resource does not allow calls on others", () => {
  const iam = authorizer(
    resource("google_storage_bucket_iam_member", { bucket: "b", role: "roles/storage.objectViewer", member }),
    resource("google_cloud_tasks_queue_iam_member", {
      location: "l",
      name: "q",
      role: "roles/cloudtasks.enqueuer",
      member,
    }),
  );
  for (const [permission, on] of [
    ["storage.objects.get", "projects/_/buckets/bb/objects/o"],
    ["cloudtasks.tasks.create", `${queue}2`],
    ["cloudtasks.tasks.create", `projects/${PROJECT}`],
  ] as const) {
    expect(refusal(() => iam.require(worker, permission, on)).code).toBe("PERMISSION_DENIED");
  }
});

test("each allowed call is reported with all bindings that allow it, and no others", () => {
  const role = "roles/storage.objectViewer";
  const resources = [
    { address: "on.project", type: "google_project_iam_member", attributes: { role, member } },
    { address: "on.bucket", type: "google_storage_bucket_iam_member", attributes: { bucket: "b", role, member } },
    { address: "on.other", type: "google_storage_bucket_iam_member", attributes: { bucket: "c", role, member } },
    { address: "to.other", type: "google_project_iam_member", attributes: { role, member: "user:o@x" } },
  ];
  const { bindings } = readBindings(resources, PROJECT);
  const calls: object[] = [];
  const onAllowed = (access: object, by: readonly { address: string }[]) =>
    calls.push({ ...access, by: by.map(({ address }) => address) });
  const iam = new BindingAuthorizer(bindings, { project: PROJECT, policies, onAllowed });
  const access = { email: worker.email, permission: "storage.objects.get", resource: "projects/_/buckets/b/objects/o" };
  iam.require(worker, access.permission, access.resource);
  expect(() => iam.require(worker, "storage.objects.create", access.resource)).toThrow(/denied/);
  expect(calls).toEqual([{ ...access, by: ["on.project", "on.bucket"] }]);
  expect(bindings.map((binding) => allows(binding, access, PROJECT))).toEqual([true, true, false, false]);
  expect(bindings.map((binding) => allows(binding, { ...access, email: "" }, PROJECT))).not.toContain(true);
});

test("a binding that has not taken effect allows nothing, and the error names it; another binding in effect allows the call", () => {
  const role = "roles/storage.objectViewer";
  const { bindings } = readBindings(
    [
      { address: "late", type: "google_storage_bucket_iam_member", attributes: { bucket: "b", role, member } },
      { address: "soon", type: "google_project_iam_member", attributes: { role, member } },
    ],
    PROJECT,
  );
  const inEffect = new Set<string>();
  const early: object[] = [];
  const denials: object[] = [];
  const iam = new BindingAuthorizer(bindings, {
    project: PROJECT,
    onDenied: (denial) => denials.push(denial),
    onEarly: (access, { address }) => early.push({ ...access, address }),
    inEffect: ({ address }) => inEffect.has(address),
  });
  const access = { email: worker.email, permission: "storage.objects.get", resource: "projects/_/buckets/b/objects/o" };
  const read = () => iam.require(worker, access.permission, access.resource);
  expect(refusal(read)).toEqual({
    code: "PERMISSION_DENIED",
    message: `Permission 'storage.objects.get' denied on resource '${access.resource}' (or it may not exist) for ${worker.email}. late allows it and has not taken effect yet.`,
  });
  expect(early).toEqual([{ ...access, address: "late" }]);
  expect(denials).toEqual([]);
  inEffect.add("soon");
  read();
  expect([...iam.used]).toEqual(["soon"]);
});

test("the error names caller, permission, resource and a binding that would allow it", () => {
  const denials: object[] = [];
  const iam = new BindingAuthorizer([], { project: PROJECT, policies, onDenied: (denial) => denials.push(denial) });
  expect(refusal(() => iam.require(worker, "cloudtasks.tasks.create", queue))).toEqual({
    code: "PERMISSION_DENIED",
    message: `Permission 'cloudtasks.tasks.create' denied on resource '${queue}' (or it may not exist) for ${worker.email}. A binding of roles/cloudtasks.enqueuer on ${queue} to ${member} would allow it.`,
  });
  expect(denials).toEqual([
    {
      email: worker.email,
      permission: "cloudtasks.tasks.create",
      resource: queue,
      remedy: `A binding of roles/cloudtasks.enqueuer on ${queue} to ${member} would allow it.`,
    },
  ]);
  const objects = refusal(() => iam.require(worker, "storage.objects.get", "projects/_/buckets/b/objects/o"));
  expect(objects.message).toMatch(` roles/storage.objectViewer on projects/_/buckets/b to ${member} would`);
  const launch = refusal(() => iam.require(worker, "dataflow.jobs.create", `projects/${PROJECT}/locations/l`));
  expect(launch.message).toMatch(` roles/dataflow.developer on projects/${PROJECT} to `);
});

test("custom roles are expanded, and roles that the stack uses suggested before others", () => {
  const custom = resource("google_project_iam_custom_role", {
    role_id: "predictor",
    permissions: ["aiplatform.endpoints.predict"],
  });
  const role = `projects/${PROJECT}/roles/predictor`;
  const iam = authorizer(custom, resource("google_project_iam_member", { role, member }));
  const endpoint = `projects/${PROJECT}/locations/l/endpoints/1`;
  iam.require(worker, "aiplatform.endpoints.predict", endpoint);
  const { message } = refusal(() => iam.require({ email: "o@x" }, "aiplatform.endpoints.predict", endpoint));
  expect(message).toMatch(`A binding of ${role} on projects/${PROJECT} to serviceAccount:o@x would allow it.`);
});

test("a role that the stack uses for another service is not suggested, though it holds the permission", () => {
  const iam = authorizer(resource("google_project_iam_member", { role: "roles/dataflow.worker", member }));
  const { message } = refusal(() => iam.require({ email: "b@x" }, "logging.logEntries.create", `projects/${PROJECT}`));
  expect(message).toMatch(`A binding of roles/logging.logWriter on projects/${PROJECT} to serviceAccount:b@x would`);
});

test("a custom role that is disabled grants nothing", () => {
  const permissions = ["aiplatform.endpoints.predict"];
  const custom = resource("google_project_iam_custom_role", { role_id: "predictor", permissions, stage: "DISABLED" });
  const role = `projects/${PROJECT}/roles/predictor`;
  const iam = authorizer(custom, resource("google_project_iam_member", { role, member }));
  const predict = () =>
    iam.require(worker, "aiplatform.endpoints.predict", `projects/${PROJECT}/locations/l/endpoints/1`);
  expect(refusal(predict).code).toBe("PERMISSION_DENIED");
});

test("bindings give each of their members the role; allUsers needs no token", () => {
  const iam = authorizer(
    resource("google_cloud_run_v2_service_iam_binding", {
      location: "l",
      name: "s",
      role: "roles/run.invoker",
      members: ["allUsers"],
    }),
    resource("google_pubsub_topic_iam_binding", {
      topic: "t",
      role: "roles/pubsub.publisher",
      members: [member, "serviceAccount:o@x"],
    }),
  );
  iam.require({}, "run.routes.invoke", `projects/${PROJECT}/locations/l/services/s`);
  for (const caller of [worker, { email: "o@x" }])
    iam.require(caller, "pubsub.topics.publish", `projects/${PROJECT}/topics/t`);
});

test("a binding counts only where its condition holds", () => {
  const expression =
    'resource.name.startsWith("projects/_/buckets/gcf-a") || resource.name.startsWith("projects/_/buckets/gcf-b")';
  const iam = authorizer(
    resource("google_project_iam_member", { role: "roles/storage.objectViewer", member, condition: { expression } }),
  );
  iam.require(worker, "storage.objects.get", "projects/_/buckets/gcf-b-1/objects/o");
  expect(refusal(() => iam.require(worker, "storage.objects.get", "projects/_/buckets/other/objects/o")).code).toBe(
    "PERMISSION_DENIED",
  );
});

test.each([
  [
    'resource.name.startsWith("a") && resource.name.startsWith("ab") || resource.name.startsWith("c")',
    ["abc", "c"],
    ["ac", "b"],
  ],
  ["resource.name.startsWith('a')", ["a"], ["b"]],
])("condition %s", (expression, yes, no) => {
  const condition = parseCondition(expression);
  expect(yes.map((name) => condition?.(name))).toEqual(yes.map(() => true));
  expect(no.map((name) => condition?.(name))).toEqual(no.map(() => false));
});

test("a binding that cannot be enforced is reported with its address", () => {
  const { problems } = readBindings(
    [
      resource("google_project_iam_member", { role: "roles/made.up", member: "group:all@example.com" }),
      resource("google_project_iam_member", {
        role: "roles/viewer",
        member,
        condition: { expression: 'request.time < timestamp("2030-01-01T00:00:00Z")' },
      }),
    ],
    PROJECT,
  );
  const incomplete = readBindings(
    [resource("google_cloud_tasks_queue_iam_member", { location: "l", role: "r", member })],
    PROJECT,
  );
  expect(incomplete.problems).toEqual([
    { address: "google_cloud_tasks_queue_iam_member.it", attribute: "name", why: "is missing" },
  ]);
  expect(problems).toEqual([
    { address: "google_project_iam_member.it", attribute: "role", why: "what roles/made.up allows is not known here" },
    {
      address: "google_project_iam_member.it",
      attribute: "member",
      why: "who belongs to group:all@example.com is not known here",
    },
    {
      address: "google_project_iam_member.it",
      attribute: "condition.expression",
      why: 'only resource.name.startsWith("…"), joined by && and ||: request.time < timestamp("2030-01-01T00:00:00Z")',
    },
  ]);
});

test("service agents mint tokens by what Google grants them, and may do no more", () => {
  const iam = new BindingAuthorizer(defaultBindings(PROJECT, "123"), { project: PROJECT, policies });
  const account = `projects/${PROJECT}/serviceAccounts/x@y`;
  for (const agent of ["gcp-sa-cloudtasks", "gcp-sa-pubsub", "gcp-sa-cloudscheduler", "gcp-sa-workflows"]) {
    const caller = { email: `service-123@${agent}.iam.gserviceaccount.com` };
    iam.require(caller, "iam.serviceAccounts.getOpenIdToken", account);
    expect(refusal(() => iam.require(caller, "iam.serviceAccounts.actAs", account)).code).toBe("PERMISSION_DENIED");
  }
  const storage = { email: "service-123@gs-project-accounts.iam.gserviceaccount.com" };
  expect(refusal(() => iam.require(storage, "pubsub.topics.publish", `projects/${PROJECT}/topics/t`)).code).toBe(
    "PERMISSION_DENIED",
  );
});
