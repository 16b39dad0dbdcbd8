import { TerraformResource } from "cdktf";
import { externalGrantee } from "../../lib/core/grantee";
import { Bucket } from "../../lib/parts/bucket";
import { ContainerJob } from "../../lib/parts/container-job";
import { ContainerService } from "../../lib/parts/container-service";
import { CustomRole } from "../../lib/parts/custom-role";
import { DataflowWorkers } from "../../lib/parts/dataflow-workers";
import { DeadLetter } from "../../lib/parts/dead-letter";
import { EncryptionKey } from "../../lib/parts/encryption-key";
import type { GoogleStack } from "../../lib/parts/google-stack";
import { PredictionEndpoint } from "../../lib/parts/prediction-endpoint";
import { Secret } from "../../lib/parts/secret";
import { ServiceIdentity } from "../../lib/parts/service-identity";
import { TaskQueue } from "../../lib/parts/task-queue";
import { Topic } from "../../lib/parts/topic";
import { Workflow } from "../../lib/parts/workflow";
import { grantLines } from "./iam";
import { errorsOf, only, testFunction, testStack } from "./support";

const somebody = externalGrantee("group:ml@acme.com");
const KEY = "projects/acme-ml/locations/us-central1/keyRings/ml/cryptoKeys/data";

/** Makes a part, and gives each of its grants. */
const GRANTS: Readonly<Record<string, (stack: GoogleStack) => () => TerraformResource>> = {
  "Bucket.grantRead": (stack) => {
    const bucket = new Bucket(stack, "it");
    return () => bucket.grantRead(somebody);
  },
  "ContainerJob.grantRun": (stack) => {
    const job = new ContainerJob(stack, "it", { image: "us-docker.pkg.dev/acme-ml/workers/train:1" });
    return () => job.grantRun(somebody);
  },
  "ContainerService.grantInvoke": (stack) => {
    const service = new ContainerService(stack, "it", { image: "us-docker.pkg.dev/acme-ml/workers/ocr:1" });
    return () => service.grantInvoke(somebody);
  },
  "CustomRole.grant": (stack) => {
    const role = new CustomRole(stack, "it", { title: "It", description: "", permissions: ["a.b.c"] });
    return () => role.grant(somebody);
  },
  "DataflowWorkers.grantLaunch": (stack) => {
    const bucket = new Bucket(stack, "bucket");
    const workers = new DataflowWorkers(stack, "it", { tempBucket: bucket, outputBucket: bucket });
    return () => workers.grantLaunch(somebody);
  },
  "DeadLetter.grantConsume": (stack) => {
    const deadLetter = new DeadLetter(stack, "it");
    return () => deadLetter.grantConsume(somebody);
  },
  "EncryptionKey.grantUse": (stack) => {
    const key = new EncryptionKey(stack, "it", KEY);
    return () => key.grantUse(stack, somebody);
  },
  "FunctionService.grantInvoke": (stack) => {
    const worker = testFunction(stack);
    return () => worker.grantInvoke(somebody);
  },
  "PredictionEndpoint.grantPredict": (stack) => {
    const endpoint = new PredictionEndpoint(stack, "it", "42");
    return () => endpoint.grantPredict(somebody);
  },
  "PullSubscription.grantConsume": (stack) => {
    const subscription = new Topic(stack, "topic").addPullSubscription("it");
    return () => subscription.grantConsume(somebody);
  },
  "Secret.grantAccess": (stack) => {
    const secret = new Secret(stack, "it", "api-key");
    return () => secret.grantAccess(somebody);
  },
  "ServiceIdentity.grantActAs": (stack) => {
    const identity = new ServiceIdentity(stack, "identity", { description: "" });
    return () => identity.grantActAs(somebody);
  },
  "TaskQueue.grantEnqueue": (stack) => {
    const queue = new TaskQueue(stack, "it");
    return () => queue.grantEnqueue(somebody);
  },
  "Topic.grantPublish": (stack) => {
    const topic = new Topic(stack, "it");
    return () => topic.grantPublish(somebody);
  },
  "Workflow.grantExecute": (stack) => {
    const workflow = Workflow.fromName(stack, "it", "their-workflow");
    return () => workflow.grantExecute(somebody);
  },
};

test.each(Object.keys(GRANTS))("%s returns the IAM member that it made, the same one the second time", (name) => {
  const stack = testStack();
  const grant = GRANTS[name]?.(stack) as () => TerraformResource;
  const member = grant();
  expect(member).toBeInstanceOf(TerraformResource);
  expect(member.terraformResourceType).toMatch(/_iam_member$/);
  expect((member as unknown as { readonly memberInput: string }).memberInput).toBe("group:ml@acme.com");
  expect(grant() === member).toBe(true);
});

test.each(["before", "after"])("a queue's caller is the identity that it presents, asked for %s dispatchTo", (when) => {
  const stack = testStack();
  const queue = new TaskQueue(stack, "queue");
  const before = when === "before" ? queue.caller : undefined;
  queue.grantEnqueue(somebody);
  queue.dispatchTo(testFunction(stack));
  expect(queue.caller === (before ?? queue.caller)).toBe(true);
  expect(errorsOf(stack)).toEqual([]);
  expect(grantLines(stack, "ml@acme.com")).toEqual([
    "group:ml@acme.com | roles/cloudtasks.enqueuer | queue stack-queue-dev",
  ]);
  expect(only(stack, "google_cloud_tasks_queue")).toMatchObject({
    http_target: {
      oidc_token: { service_account_email: expect.stringContaining("google_service_account.queue_dispatcher_") },
    },
  });
});
