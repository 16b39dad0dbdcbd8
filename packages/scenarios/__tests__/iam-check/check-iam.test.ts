import { changed, givingUpSoon, synthesized } from "../../../../__tests__/support/synthesized";
import { checkIam } from "../../src/iam-check/check-iam";
import { describeIamReport, summaryOf, verdictOf } from "../../src/iam-check/report";

const stacks = synthesized();
const stack = stacks.stack("async-batch");
afterAll(() => stacks.remove());

/** Of the stack's bindings the one whose id holds a text. */
// biome-ignore lint/suspicious/noExplicitAny: Terraform JSON has no type here.
function only(resources: any, text: string): [string, any] {
  const [found, ...more] = Object.entries(resources).filter(([id]) => id.includes(text));
  if (!found || more.length > 0) throw new Error(`${more.length + (found ? 1 : 0)} ids with ${text}`);
  return found;
}

const BUCKETS = "google_storage_bucket_iam_member";
const worker = "serviceAccount:async-batch-worker-dev@my-gcp-project.iam.gserviceaccount.com";
const client = "serviceAccount:async-batch-client-dev@my-gcp-project.iam.gserviceaccount.com";

const NOTHING = { finding: "not exercised", why: "no call of these runs needed it" };

test("what nothing needs is found: bindings, members of one binding, permissions of a custom role, one of two for the same", async () => {
  const copy = changed(stack, ({ resource }) => {
    const members = resource[BUCKETS];
    const [reads, asWorker] = only(members, "input_objectViewer-batch-worker");
    const [creates, { member, ...create }] = only(members, "output_objectCreator-batch-worker");
    const [, { member: clientMember }] = only(members, "input_objectCreator-batch-client");
    delete members[reads];
    delete members[creates];
    members.needless = { ...asWorker, member: clientMember };
    members.one = asWorker;
    members.other = { ...asWorker, role: "roles/storage.legacyObjectReader" };
    resource.google_storage_bucket_iam_binding = { several: { ...create, members: [member, clientMember] } };
    only(resource.google_project_iam_custom_role, "predictor")[1].permissions.push("aiplatform.endpoints.get");
    // This one is needed: the run reads dead letters.
    const [, { name: subscription }] = only(resource.google_pubsub_subscription, "kept");
    const read = { role: "roles/pubsub.subscriber", member: clientMember };
    resource.google_pubsub_subscription_iam_member.reader = { ...read, subscription };
  });
  const report = await checkIam(copy);
  const summary = summaryOf(report);
  expect(summary).toMatchObject({ stack: "async-batch", bindings: 20 + 5, necessary: 20, missing: [] });
  expect(summary.unproven).toEqual([
    { address: `${BUCKETS}.needless`, member: client, ...NOTHING },
    {
      address: `${BUCKETS}.one`,
      member: worker,
      finding: "redundant",
      why: expect.stringMatching(/^google_storage_bucket_iam_member\.other also allows the \d+ calls that it allows$/),
    },
    {
      address: `${BUCKETS}.other`,
      member: worker,
      finding: "redundant",
      why: expect.stringMatching(/^google_storage_bucket_iam_member\.one also allows the \d+ calls that it allows$/),
    },
    { address: "google_storage_bucket_iam_binding.several", member: client, ...NOTHING },
    {
      address: expect.stringMatching(/^google_project_iam_custom_role\.predictor_/),
      permission: "aiplatform.endpoints.get",
      ...NOTHING,
    },
  ]);
  const reader = report.necessary.find(({ grant }) => grant.address.endsWith(".reader"));
  expect(reader?.denial).toMatchObject({ permission: "pubsub.subscriptions.consume", email: client.split(":")[1] });
  expect(verdictOf(report)).toBe("FAILED");
  const text = describeIamReport(report, { quiet: true });
  expect(text).toContain(
    `??  storage.objectViewer for async-batch-client-dev on bucket my-gcp-project-async-batch-input-dev\n`,
  );
  expect(text).toMatch(/^FAILED {2}async-batch {2}bindings 25, necessary 20, unproven 5, missing 0, [\d.]+ s$/m);
}, 60_000);

test("calls that no binding allows are missing, each once, with what would allow them", async () => {
  const copy = changed(stack, (json) => {
    givingUpSoon(json);
    const { resource } = json;
    const bindings = resource.google_pubsub_topic_iam_member;
    delete bindings[only(bindings, "publisher-batch-worker")[0]];
  });
  const report = await checkIam(copy);
  const topic = "projects/my-gcp-project/topics/async-batch-dead-letter-dev";
  expect(summaryOf(report)).toMatchObject({ bindings: 19, necessary: 0, unproven: [] });
  expect(summaryOf(report).missing).toEqual([
    {
      member: worker,
      permission: "pubsub.topics.publish",
      resource: topic,
      remedy: `A binding of roles/pubsub.publisher on ${topic} to ${worker} would allow it.`,
    },
  ]);
  expect(verdictOf(report)).toBe("FAILED");
  expect(describeIamReport(report)).toMatch(
    /^ {2}!! {2}missing: async-batch-worker-dev lacks pubsub\.topics\.publish on topic async-batch-dead-letter-dev\n {6}A binding of roles\/pubsub\.publisher on /,
  );
});
