import * as fc from "fast-check";
import { Bucket } from "../../lib/parts/bucket";
import { ContainerService } from "../../lib/parts/container-service";
import { CustomRole } from "../../lib/parts/custom-role";
import type { GoogleStack } from "../../lib/parts/google-stack";
import { Schedule, ScheduleTarget } from "../../lib/parts/schedule";
import { cutToBytes, ServiceIdentity } from "../../lib/parts/service-identity";
import { Topic } from "../../lib/parts/topic";
import { WorkerPool } from "../../lib/parts/worker-pool";
import { Workflow } from "../../lib/parts/workflow";
import { errorsOf, only, testFunction, testStack } from "./support";

describe("cutToBytes", () => {
  test("leaves a beginning of whole characters, as long as fits", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.nat(40), (text, max) => {
        const cut = cutToBytes(text, max);
        expect(text.startsWith(cut)).toBe(true);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(max);
        const next = [...text.slice(cut.length)][0] ?? "";
        if (next) expect(Buffer.byteLength(cut + next)).toBeGreaterThan(max);
      }),
    );
  });
});

// iam v1, ServiceAccount.description: "The maximum length is 256 UTF-8 bytes."
test.each(["é", "日", "😀", "xy"])("a long description of an identity, made of %s, is cut to 256 bytes", (unit) => {
  const stack = testStack();
  new ServiceIdentity(stack, "me", { description: unit.repeat(300) });
  const { description } = only(stack, "google_service_account");
  expect(Buffer.byteLength(String(description))).toBeLessThanOrEqual(256);
  expect(Buffer.byteLength(String(description))).toBeGreaterThan(252);
  expect(unit.repeat(300).startsWith(String(description))).toBe(true);
});

interface Limited {
  readonly unit: "bytes" | "characters";
  readonly max: number;
  readonly make: (stack: GoogleStack, text: string) => unknown;
  readonly error: (length: number) => string;
}

const IMAGE = "us-docker.pkg.dev/acme-ml/workers/ocr:1";

const LIMITED: Readonly<Record<string, Limited>> = {
  // iam v1, Role.title: "limited to 100 UTF-8 bytes"
  "title of a custom role": {
    unit: "bytes",
    max: 100,
    make: (stack, title) => new CustomRole(stack, "role", { title, description: "d", permissions: ["a.b.c"] }),
    error: (length) => `[stack/role] OutOfRange: title of the role is ${length} bytes; allowed is from 0 to 100 bytes`,
  },
  // https://cloud.google.com/storage/docs/objects#naming: 1 to 1024 bytes
  "prefix of a notification": {
    unit: "bytes",
    max: 1024,
    make: (stack, prefix) => new Bucket(stack, "data").notify(new Topic(stack, "news"), { prefix }),
    error: (length) =>
      `[stack/data] OutOfRange: prefix of the notification is ${length} bytes; allowed is from 0 to 1024 bytes`,
  },
  // scheduler v1, Job.description: "must not contain more than 500 characters"
  "description of a schedule": {
    unit: "characters",
    max: 500,
    make: (stack, description) =>
      new Schedule(stack, "daily", {
        cron: "0 3 * * *",
        target: ScheduleTarget.invoke(testFunction(stack)),
        description,
      }),
    error: (length) =>
      `[stack/daily] OutOfRange: description is ${length} characters; allowed is from 0 to 500 characters`,
  },
  // workflows v1, Workflow.description: "at most 1000 Unicode characters"
  "description of a workflow": {
    unit: "characters",
    max: 1000,
    make: (stack, description) =>
      new Workflow(stack, "flow", { source: "workflows/ml-prediction-workflow.yaml", description }),
    error: (length) =>
      `[stack/flow] OutOfRange: description is ${length} characters; allowed is from 0 to 1000 characters`,
  },
  // run v2, Service.description and WorkerPool.description: "512-character limit"
  "description of a container service": {
    unit: "characters",
    max: 512,
    make: (stack, description) => new ContainerService(stack, "ocr", { image: IMAGE, description }),
    error: (length) =>
      `[stack/ocr] OutOfRange: description is ${length} characters; allowed is from 0 to 512 characters`,
  },
  "description of a worker pool": {
    unit: "characters",
    max: 512,
    make: (stack, description) => new WorkerPool(stack, "embed", { image: IMAGE, description }),
    error: (length) =>
      `[stack/embed] OutOfRange: description is ${length} characters; allowed is from 0 to 512 characters`,
  },
};

describe.each(Object.entries(LIMITED))("%s", (_, { unit, max, make, error }) => {
  const errors = (text: string) => {
    const stack = testStack();
    make(stack, text);
    return errorsOf(stack);
  };

  test(`may have ${max} ${unit}, and no more`, () => {
    expect(errors("a".repeat(max))).toEqual([]);
    expect(errors("a".repeat(max + 1))).toEqual([error(max + 1)]);
  });

  test(`is measured in ${unit}`, () => {
    expect(errors("😀".repeat(max))).toEqual(unit === "bytes" ? [error(max * 4)] : []);
  });
});
