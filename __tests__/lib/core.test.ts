import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fn, TerraformStack, Token } from "cdktf";
import { Construct } from "constructs";
import { buildSync } from "esbuild";
import fc from "fast-check";
import { unzipSync } from "fflate";
import { Deployment } from "../../lib/core/deployment";
import { Duration } from "../../lib/core/duration";
import { externalGrantee, granteeId, publicGrantee } from "../../lib/core/grantee";
import { jsonFindings } from "../../lib/core/json-check";
import { Memory } from "../../lib/core/memory";
import type { NamedResource } from "../../lib/core/name-rules";
import { composeName, resourceName } from "../../lib/core/names";
import { packageRoot } from "../../lib/core/package-root";
import { DEFAULT_NODE_RUNTIME, runtimeProblem } from "../../lib/core/runtime";
import { zip } from "../../lib/core/source-archive";
import { skipTokenTraces } from "../../lib/core/token-traces";
import {
  check,
  inRange,
  isKnown,
  matches,
  report,
  ValidationError,
  ValidationErrors,
  validationErrors,
} from "../../lib/core/validation";
import { captureTrace, errorsOf, temporaryFolder, testApp, testStack, thrownBy } from "./support";

describe("Duration", () => {
  test.each([
    [Duration.zero, "0s"],
    [Duration.seconds(0.1), "0.1s"],
    [Duration.seconds(1.5), "1.5s"],
    [Duration.minutes(1.5), "90s"],
    [Duration.hours(2), "7200s"],
    [Duration.days(31), "2678400s"],
    [Duration.seconds(1e-7), "0.0000001s"],
  ])("%s is printed in Google's notation", (duration, text) => {
    expect(duration.toString()).toBe(text);
  });

  const amounts = fc.double({ min: 0, max: 1e9, noNaN: true });

  test("every duration prints as seconds with up to nine decimals, which read back as the same number", () => {
    fc.assert(
      fc.property(amounts, (amount) => {
        const text = Duration.seconds(amount).toString();
        expect(text).toMatch(/^\d+(\.\d{1,9})?s$/);
        expect(Number.parseFloat(text)).toBe(Duration.seconds(amount).toSeconds());
        expect(Math.abs(Number.parseFloat(text) - amount)).toBeLessThanOrEqual(1e-6);
      }),
    );
  });

  test("units agree with each other", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), (amount) => {
        expect(Duration.minutes(amount).toSeconds()).toBe(Duration.seconds(amount * 60).toSeconds());
        expect(Duration.hours(amount).toSeconds()).toBe(Duration.minutes(amount * 60).toSeconds());
        expect(Duration.days(amount).toSeconds()).toBe(Duration.hours(amount * 24).toSeconds());
        expect(Duration.days(amount).toDays()).toBe(amount);
      }),
    );
  });

  test("a clamped duration lies in the range, and is itself where it was in it already", () => {
    fc.assert(
      fc.property(amounts, amounts, amounts, (amount, a, b) => {
        const [min, max] = [Duration.seconds(Math.min(a, b)), Duration.seconds(Math.max(a, b))];
        const duration = Duration.seconds(amount);
        const clamped = duration.clamp(min, max);
        expect(min.isLongerThan(clamped) || clamped.isLongerThan(max)).toBe(false);
        if (!min.isLongerThan(duration) && !duration.isLongerThan(max)) expect(clamped).toBe(duration);
      }),
    );
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_VALUE])("%d days are refused", (amount) => {
    expect(thrownBy(() => Duration.days(amount))).toBe(
      `InvalidValue: a duration is ${amount} days; allowed is a number from 0 to 10000 years`,
    );
  });
});

describe("Memory", () => {
  test("gibibytes are 1024 mebibytes, and both print in one spelling", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1024 }), (amount) => {
        expect(Memory.gibibytes(amount).toMebibytes()).toBe(Memory.mebibytes(amount * 1024).toMebibytes());
        expect(Memory.gibibytes(amount).toString()).toBe(`${amount * 1024}Mi`);
      }),
    );
    expect(Memory.gibibytes(0.5).toString()).toBe("512Mi");
  });

  test.each([
    ["0 MiB", () => Memory.mebibytes(0)],
    ["1.5 MiB", () => Memory.mebibytes(1.5)],
    ["NaN MiB", () => Memory.mebibytes(Number.NaN)],
    ["-1 GiB", () => Memory.gibibytes(-1)],
  ])("%s are refused", (text, create) => {
    expect(thrownBy(create)).toBe(`InvalidValue: a memory size is ${text}; allowed is a whole number of MiB from 1`);
  });
});

/**
 * For each type of resource: what Google accepts, written down again from its documents, and the
 * longest name.
 */
const NAMES: Readonly<Record<NamedResource, { readonly pattern: RegExp; readonly max: number }>> = {
  artifactRepository: { pattern: /^[a-z](|[a-z0-9-]*[a-z0-9])$/, max: 63 },
  bucket: { pattern: /^(?!goog)(?!.*google)[a-z0-9][a-z0-9._-]*[a-z0-9]$/, max: 63 },
  customRole: { pattern: /^[A-Za-z0-9_.]{3,}$/, max: 64 },
  dataflowJob: { pattern: /^[a-z](|[a-z0-9-]*[a-z0-9])$/, max: 40 },
  function: { pattern: /^[a-z][a-z0-9-]{2,}[a-z0-9]$/, max: 49 },
  job: { pattern: /^[a-z](|[a-z0-9-]*[a-z0-9])$/, max: 49 },
  queue: { pattern: /^[A-Za-z0-9-]+$/, max: 100 },
  schedulerJob: { pattern: /^[A-Za-z0-9_-]+$/, max: 500 },
  schema: { pattern: /^(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,}$/, max: 255 },
  service: { pattern: /^[a-z](|[a-z0-9-]*[a-z0-9])$/, max: 49 },
  serviceAccount: { pattern: /^[a-z][a-z0-9-]{4,}[a-z0-9]$/, max: 30 },
  subscription: { pattern: /^(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,}$/, max: 255 },
  topic: { pattern: /^(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,}$/, max: 255 },
  workerPool: { pattern: /^[a-z](|[a-z0-9-]*[a-z0-9])$/, max: 49 },
  workflow: { pattern: /^[A-Za-z](|[A-Za-z0-9_-]*[A-Za-z0-9])$/, max: 64 },
};
const TYPES = Object.keys(NAMES) as NamedResource[];

describe("names", () => {
  // Constructs cannot be called "constructor" or "toString".
  const isId = (id: string) => !(id in Object.prototype);
  const word = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9._ -]{0,40}$/).filter(isId);
  const words = fc.array(word, { minLength: 1, maxLength: 6 });
  const deployments = fc.record({
    project: fc.stringMatching(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/),
    environment: fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/),
  });
  const acme = { project: "acme-ml", environment: "dev" };

  describe.each(TYPES)("of type %s", (type) => {
    const { pattern, max } = NAMES[type];

    test("a generated name is accepted by Google, or reported", () => {
      const anyWords = fc.array(fc.string({ minLength: 1, maxLength: 20 }).filter(isId), {
        minLength: 1,
        maxLength: 4,
      });
      fc.assert(
        fc.property(fc.oneof(words, anyWords), deployments, (parts, { project, environment }) => {
          const stack = testStackFor(project, environment);
          const name = resourceName(nested(stack, parts), type);
          const accepted = pattern.test(name) && name.length <= max;
          expect(accepted || errorsOf(stack).some((error) => error.includes("InvalidName"))).toBe(true);
        }),
        { numRuns: 40 },
      );
    });

    test("a generated name is the same every time, and no longer than allowed", () => {
      fc.assert(
        fc.property(words, deployments, (parts, deployment) => {
          const name = composeName(type, parts, deployment);
          expect(composeName(type, [...parts], { ...deployment })).toBe(name);
          expect(name.length).toBeLessThanOrEqual(max);
          expect(name).not.toMatch(/^[-_]|[-_]$/);
        }),
      );
    });

    test("long names that differ stay different when they are shortened", () => {
      const long = "word".repeat(Math.ceil(max / 4));
      const names = [
        composeName(type, [long, "a", "worker"], acme),
        composeName(type, [long, "b", "worker"], acme),
        composeName(type, [long, "a", "worker"], { ...acme, environment: "prod" }),
        composeName(type, [`${long}x`, "a", "worker"], acme),
      ];
      expect(new Set(names).size).toBe(names.length);
      for (const name of names) expect(name.length).toBeLessThanOrEqual(max);
    });

    test("a given name is used as it is up to the longest one, and reported above", () => {
      const longest = type === "dataflowJob" ? 1024 : max;
      const stack = testStack();
      expect(resourceName(new Construct(stack, "longest"), type, "a".repeat(longest))).toBe("a".repeat(longest));
      expect(errorsOf(stack)).toEqual([]);

      resourceName(new Construct(stack, "longer"), type, "a".repeat(longest + 1));
      resourceName(new Construct(stack, "strange"), type, "naïve name");
      expect(errorsOf(stack)).toEqual([
        expect.stringMatching(/^\[stack\/longer\] InvalidName: "a+" is not a valid name for an? .*; allowed is .*\d/),
        expect.stringMatching(
          /^\[stack\/strange\] InvalidName: "naïve name" is not a valid name for an? .*; allowed is .*\d/,
        ),
      ]);
    });
  });

  test("a bucket's name carries the project, as it is shared with all other projects", () => {
    expect(composeName("bucket", ["async-batch", "input"], acme)).toBe("acme-ml-async-batch-input-dev");
    expect(composeName("queue", ["async-batch", "input"], acme)).toBe("async-batch-input-dev");
  });

  test("words that repeat what stands before them are left out", () => {
    expect(composeName("function", ["async-batch", "batch", "worker"], acme)).toBe("async-batch-worker-dev");
  });

  test("ids in camel case become words", () => {
    expect(composeName("customRole", ["myStack", "endpointPredictor"], acme)).toBe("my_stack_endpoint_predictor_dev");
  });

  test.each(["192.168.0.1", "goog-data", "my-google-data", "my-g00gle-data", "ab", "-data", "Data"])(
    "%s is not a valid name for a bucket",
    (name) => {
      const stack = testStack();
      resourceName(new Construct(stack, "data"), "bucket", name);
      expect(errorsOf(stack)).toEqual([
        `[stack/data] InvalidName: "${name}" is not a valid name for a Cloud Storage bucket; allowed is 3 to 63 of a-z, 0-9, -, _ and ., beginning and ending with a letter or digit, without the word google`,
      ]);
    },
  );

  test("two resources of one type cannot share a name, two of different types can", () => {
    const stack = testStack();
    resourceName(new Construct(stack, "one"), "topic", "shared");
    resourceName(new Construct(stack, "two"), "queue", "shared");
    resourceName(new Construct(stack, "three"), "topic", "shared");
    expect(errorsOf(stack)).toEqual([
      '[stack/three] NameTaken: the name "shared" for a Pub/Sub topic is taken by [stack/one]; give one of the two another name',
    ]);
  });

  test("ids that differ only in their characters are reported rather than merged", () => {
    const stack = testStack();
    resourceName(new Construct(stack, "a.b"), "topic");
    resourceName(new Construct(stack, "a-b"), "topic");
    expect(errorsOf(stack)).toEqual([
      '[stack/a-b] NameTaken: the name "stack-a-b-dev" for a Pub/Sub topic is taken by [stack/a.b]; give one of the two another name',
    ]);
  });

  test("a name that only Terraform knows passes", () => {
    const stack = testStack();
    const name = Fn.lower("name");
    expect(TYPES.map((type) => resourceName(stack, type, name))).toEqual(TYPES.map(() => name));
    expect(errorsOf(stack)).toEqual([]);
  });

  let counter = 0;

  /** A stack in one app for all runs, so that a property does not make a folder for each. */
  const app = testApp();
  function testStackFor(project: string, environment: string): TerraformStack {
    const stack = new TerraformStack(app, `s${counter++}`);
    Deployment.attach(stack, { project, region: "us-central1", environment });
    return stack;
  }

  function nested(scope: Construct, ids: readonly string[]): Construct {
    return ids.reduce((parent, id) => new Construct(parent, id), scope);
  }
});

describe("zip", () => {
  const files = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}(\/[a-z]{1,8})?$/), fc.uint8Array({ maxLength: 64 }), {
    minKeys: 1,
    maxKeys: 6,
    noNullPrototype: true,
  });

  test("gives back what was put in", () => {
    fc.assert(
      fc.property(files, (contents) => {
        const { bytes } = zip(new Map(Object.entries(contents)));
        const unzipped = Object.entries(unzipSync(bytes)).map(([name, data]) => [name, [...data]]);
        expect(Object.fromEntries(unzipped)).toEqual(
          Object.fromEntries(Object.entries(contents).map(([name, data]) => [name, [...data]])),
        );
      }),
    );
  });

  test("has the same bytes whatever the order of insertion", () => {
    fc.assert(
      fc.property(files, (contents) => {
        const entries = Object.entries(contents);
        expect(zip(new Map(entries)).sha256).toBe(zip(new Map([...entries].reverse())).sha256);
      }),
    );
  });

  test("has the same bytes in every time zone", () => {
    const script = join(temporaryFolder(), "zip.js");
    const entry = `import { zip } from "./source-archive"; console.log(zip(new Map([["index.js", Buffer.from("code")]])).sha256)`;
    buildSync({
      stdin: { contents: entry, resolveDir: join(packageRoot(), "lib/core"), loader: "ts" },
      bundle: true,
      platform: "node",
      outfile: script,
    });
    const hashes = ["UTC", "Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati"].map((TZ) =>
      execFileSync(process.execPath, [script], { env: { TZ }, encoding: "utf8" }),
    );
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/m);
    expect(new Set(hashes).size).toBe(1);
  });

  test("has other bytes when a file is renamed, or its content moves to the next file", () => {
    const archives = [
      { "a.js": "1", "b.js": "2" },
      { "a.js": "1", "c.js": "2" },
      { "a.js": "12", "b.js": "" },
    ].map((contents) => zip(new Map(Object.entries(contents).map(([name, text]) => [name, Buffer.from(text)]))).sha256);
    expect(new Set(archives).size).toBe(3);
  });
});

describe("runtimes", () => {
  test.each([
    DEFAULT_NODE_RUNTIME,
    "nodejs22",
    "python310",
    "python313",
    "go125",
    "java21",
    "dotnet8",
    "ruby34",
    "php84",
  ])("%s can be used", (runtime) => {
    expect(runtimeProblem(runtime)).toBeUndefined();
  });

  test("a decommissioned one says since when, and what to use", () => {
    expect(runtimeProblem("nodejs18")).toBe(
      "runtime nodejs18 was decommissioned on 2025-10-30: Google no longer creates or redeploys functions with it; use nodejs22 or nodejs24",
    );
    expect(runtimeProblem("python38")).toContain("use python310 or newer");
  });

  test.each(["", "node20", "nodejs", "python3.13", "NODEJS24"])('"%s" is none', (runtime) => {
    expect(runtimeProblem(runtime)).toBe(
      `runtime is "${runtime}"; allowed is the id of a Cloud Functions runtime, such as nodejs24 or python313`,
    );
  });
});

describe("jsonFindings", () => {
  const good = { terraform: { backend: { local: { path: "../terraform.tfstate" } } } };

  test("finds nothing in good JSON", () => {
    expect(jsonFindings({ ...good, resource: { google_a: { b: { name: "a", count: 5, list: ["b"] } } } })).toEqual([]);
  });

  test.each<[string, unknown, string]>([
    [
      "a string that string methods have touched",
      "${TFTOKEN[TOKEN.47]}",
      "holds a token that string methods have touched",
    ],
    ["a cut token", "${TfToken[", "holds a token that string methods have touched"],
    ["a number token in a string", "q--8.10956221259138e+298", "holds a number token that was made a string"],
    ["a missing value", "queue-undefined", "holds a missing value"],
    ["an object in a string", "[object Object]", "holds a missing value"],
    ["a failed calculation", "NaN", "holds a missing value"],
  ])("finds %s", (_, value, problem) => {
    const json = { ...good, resource: { google_a: { b: { list: [{ value }] } } } };
    expect(jsonFindings(json)).toEqual([`resource.google_a.b.list.0.value ${problem}: ${value}`]);
  });

  test("finds a number token that arithmetic has touched", () => {
    expect(jsonFindings({ ...good, output: { a: { value: -8.1e298 } } })).toEqual([
      "output.a.value is a number token that arithmetic has touched: -8.1e+298",
    ]);
  });

  test("finds ${…} in replace_triggered_by", () => {
    const lifecycle = { replace_triggered_by: ["${google_a.b}"] };
    expect(jsonFindings({ ...good, resource: { google_a: { c: { lifecycle } } } })).toEqual([
      "resource.google_a.c.lifecycle.replace_triggered_by.0 holds ${…}, which Terraform refuses there: ${google_a.b}",
    ]);
  });

  test.each([{}, { terraform: {} }, { terraform: { backend: {} } }])("finds a missing backend in %j", (json) => {
    expect(jsonFindings(json)).toEqual([
      "terraform.backend is missing: state would go to a path that depends on the folder",
    ]);
  });

  test("finds all there is at once", () => {
    expect(jsonFindings({ output: { a: { value: `${process.cwd()}/x` }, b: { value: "undefined" } } })).toHaveLength(3);
  });

  const attribute = (path: string, value: unknown) => {
    const nested = path.split(".").reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
    return { ...good, resource: { google_a: { b: nested } } } as Parameters<typeof jsonFindings>[0];
  };

  describe("paths of this machine", () => {
    const folders = ["/home/alice/app", "/home/alice", "/workspace"];

    test.each([
      ["the folder itself", "name", "/home/alice/app"],
      ["a file in it", "environment_variables.MODEL", "/home/alice/app/model.bin"],
      ["a file amid text", "command", "python /home/alice/run.py --fast"],
      ["a URL of a file", "parameters.input", "file:///home/alice/app/in.csv"],
      ["a path in JSON", "environment_variables.STEPS", '{"path":"/home/alice/in.csv"}'],
    ])("finds %s", (_, path, value) => {
      expect(jsonFindings(attribute(path, value), folders)).toEqual([
        expect.stringMatching(/^resource\.google_a\.b\.\S+ holds a path of this machine, below \/home\/alice/),
      ]);
    });

    test.each([
      ["source", "/srv/app/function.zip"],
      ["filename", "/tmp/x"],
    ])("finds any absolute path in %s, which Terraform reads on the machine where it runs", (path, value) => {
      expect(jsonFindings(attribute(path, value), [])).toEqual([
        `resource.google_a.b.${path} is an absolute path, which differs from machine to machine: ${value}`,
      ]);
    });

    test("finds the path of a state file", () => {
      const terraform = { backend: { local: { path: "/srv/app/terraform.tfstate" } } };
      expect(jsonFindings({ terraform }, [])).toEqual([
        "terraform.backend.local.path is an absolute path, which differs from machine to machine: /srv/app/terraform.tfstate",
      ]);
    });

    test("finds what is there below a folder that containers have as well, also where its path holds a blank", () => {
      const blank = mkdtempSync(join(tmpdir(), "a folder "));
      for (const file of [__filename, blank]) {
        const folder = join("/", file.split("/")[1] as string);
        expect(jsonFindings(attribute("environment_variables.A", `at ${file}, it is`), [folder])).toHaveLength(1);
      }
      rmSync(blank, { recursive: true });
      const folder = join("/", __dirname.split("/")[1] as string);
      expect(jsonFindings(attribute("environment_variables.A", `${folder}/absent/model.bin`), [folder])).toEqual([]);
    });

    test.each([
      ["environment_variables.TRANSFORMERS_CACHE", "/tmp/hf"],
      ["environment_variables.MODEL", "/workspace/model.bin"],
      ["environment_variables.A", "/home/alice-too/x"],
      ["environment_variables.A", "/data/home/alice"],
      ["http_target.uri_override.path_override.path", "/"],
      ["description", "Reads /etc/hosts"],
    ])("leaves %s = %s alone", (path, value) => {
      expect(jsonFindings(attribute(path, value), folders)).toEqual([]);
    });
  });

  describe("missing values", () => {
    test.each([
      ["name", "undefined"],
      ["name", "queue-undefined-dev"],
      ["max_retry_duration", "NaN"],
      ["member", "serviceAccount:undefined"],
      ["environment_variables.BUCKET", "undefined"],
      ["environment_variables.INPUT", "gs://undefined/in.csv"],
      ["environment_variables.HOST", "redis:undefined"],
      ["environment_variables.SHARD", "shard-NaN"],
      ["parameters.outputTable", "acme:scores.undefined"],
      ["parameters.options", "[object Object]"],
      ["description", "Reads [object Object]"],
      ["http_target.body", '${base64encode(jsonencode({"input" = "gs://acme/undefined/x"}))}'],
    ])("are found: %s = %s", (path, value) => {
      expect(jsonFindings(attribute(path, value))).toEqual([
        `resource.google_a.b.${path} holds a missing value: ${value}`,
      ]);
    });

    test.each([
      ["description", "Replaces undefined values by NaN"],
      ["documentation.content", "undefined-behaviour.md says how"],
      ["environment_variables.FILL", "NaN"],
      ["environment_variables.RULES", "price=NaN,name=undefined"],
      ["environment_variables.PROMPT", "If the label is undefined, say so: undefined."],
      ["environment_variables.FLAGS", "--na-rep=NaN"],
      ["parameters.fillValue", "NaN"],
      ["http_target.body", '${base64encode(jsonencode({"fill" = "NaN", "say" = "undefined"}))}'],
      ["filter", 'attributes.kind = "undefined"'],
      ["definition", '{"type":"double","default":"NaN"}'],
    ])("are not what users say: %s = %s", (path, value) => {
      expect(jsonFindings(attribute(path, value))).toEqual([]);
    });
  });

  test.each(["ken[TOKEN.47]}", "${tftoken[token.47]}", "-1.8881545897087626e+289"])(
    "finds the rest of a token: %s",
    (value) => {
      expect(jsonFindings(attribute("name", value))).toHaveLength(1);
    },
  );

  test.each(["<TOKEN[1]>", "EOS_TOKEN", "1e+300", "1.5e+290"])(
    "leaves text that looks like a token alone: %s",
    (value) => {
      expect(jsonFindings(attribute("environment_variables.A", value))).toEqual([]);
    },
  );

  test("finds dependencies on what another stack has", () => {
    const json = {
      ...good,
      data: { google_c: { d: {} } },
      resource: { google_a: { b: { depends_on: ["google_a.e", "data.google_c.d", "module.m", "google_x.y"] }, e: {} } },
    };
    expect(jsonFindings(json)).toEqual([
      "resource.google_a.b depends on google_x.y, which is not in this stack; import what is in another stack by name",
    ]);
  });

  test("leaves comments and workflow definitions alone", () => {
    expect(
      jsonFindings({
        ...good,
        "//": { metadata: { path: `${process.cwd()}/x` } },
        resource: { google_workflows_workflow: { flow: { source_contents: "if: undefined" } } },
      }),
    ).toEqual([]);
  });
});

describe("validation", () => {
  test("every error of an app is reported at once, in tree order, with code, message and path", () => {
    const app = testApp();
    const stack = testStack();
    const inner = new Construct(stack, "inner");
    check(inner, [
      { code: "OutOfRange", broken: true, message: "one" },
      undefined,
      { code: "InvalidValue", broken: false, message: "never" },
      { code: "InvalidValue", broken: true, message: "two" },
    ]);
    report(stack, "DuplicateId", "three");
    expect(errorsOf(stack)).toEqual([
      "[stack] DuplicateId: three",
      "[stack/inner] OutOfRange: one",
      "[stack/inner] InvalidValue: two",
    ]);
    expect(validationErrors(inner)[0]).toMatchObject({ code: "OutOfRange", detail: "one", path: "stack/inner" });
    expect(validationErrors(app)).toEqual([]);
  });

  test("cdktf's own validation finds the same, for those who do not use synthesize", () => {
    const stack = testStack();
    report(new Construct(stack, "inner"), "InvalidValue", "two");
    expect(() => stack.runAllValidations()).toThrow("[stack/inner] InvalidValue: two");
  });

  test("several errors are one text, a line for each", () => {
    const one = new ValidationError("InvalidValue", "a is 1", "stack/a");
    expect(new ValidationErrors([one]).message).toBe("1 problem:\n  [stack/a] InvalidValue: a is 1");
    expect(new ValidationErrors([one, new ValidationError("InvalidSetting", "b")]).message).toBe(
      "2 problems:\n  [stack/a] InvalidValue: a is 1\n  InvalidSetting: b",
    );
  });

  const number = Token.asNumber("${var.number}");
  const text = Fn.lower("text");

  test("what only Terraform knows passes every rule, as does what is absent", () => {
    for (const value of [number, undefined])
      expect(inRange("n", value, { min: 1, max: 2, integer: true }).broken).toBe(false);
    for (const value of [text, undefined]) expect(matches("t", value, /^never$/, "never").broken).toBe(false);
    expect([number, text, null, undefined].map(isKnown)).toEqual([false, false, false, false]);
    expect([0, "", false].map(isKnown)).toEqual([true, true, true]);
  });

  test("a range includes both its ends, and nothing but numbers", () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(), fc.integer(), (min, width, value) => {
        const range = { min, max: min + width };
        expect(inRange("n", value, range).broken).toBe(value < range.min || value > range.max);
        expect(inRange("n", range.min, range).broken).toBe(false);
        expect(inRange("n", range.max, range).broken).toBe(false);
      }),
    );
    expect(inRange("n", Number.NaN, { min: 0, max: 1 }).broken).toBe(true);
    expect(inRange("n", 1.5, { min: 0, max: 2, integer: true, unit: "days" })).toEqual({
      code: "OutOfRange",
      broken: true,
      message: "n is 1.5 days; allowed is a whole number from 0 to 2 days",
    });
  });
});

describe("Deployment", () => {
  test("is found from every construct below its stack", () => {
    const stack = testStack({ environment: "prod" });
    const inner = new Construct(new Construct(stack, "a"), "b");
    expect(Deployment.of(inner)).toBe(stack.deployment);
    expect(Deployment.of(inner)).toMatchObject({ project: "acme-ml", region: "us-central1", environment: "prod" });
  });

  test("is missed where no scope has one", () => {
    const stack = new TerraformStack(testApp(), "plain");
    expect(thrownBy(() => Deployment.of(new Construct(stack, "a")))).toBe(
      "[plain/a] MissingDeployment: no project and region are known here; put the construct into a GoogleStack, or call Deployment.attach(stack, { project, region })",
    );
  });

  test("labels everything with environment and stack, and what is given", () => {
    const { labels } = testStack({ labels: { team: "vision", stack: "mine" } }, "Some-Stack").deployment;
    expect(labels).toEqual({ environment: "dev", stack: "mine", team: "vision" });
    expect(testStack({}, "Some-Stack").deployment.labels).toEqual({ environment: "dev", stack: "some-stack" });
  });

  test("refuses, all at once, what Google would refuse", () => {
    const stack = testStack({
      project: "Acme",
      region: "mars",
      environment: "Production-Europe",
      stateBucket: "gs://state",
      labels: { Team: "vision", cost: "1 €" },
      notificationEmails: ["nobody"],
    });
    expect(errorsOf(stack)).toEqual([
      '[stack] InvalidValue: project is "Acme"; allowed is a project id: 6 to 30 of a-z, 0-9 and -, beginning with a letter',
      '[stack] InvalidValue: region is "mars"; allowed is a region such as us-central1',
      '[stack] InvalidValue: environment is "Production-Europe"; allowed is 1 to 12 of a-z, 0-9 and -',
      '[stack] InvalidValue: label environment is "Production-Europe"; allowed is up to 63 of a-z, 0-9, _ and -',
      '[stack] InvalidValue: label key is "Team"; allowed is 1 to 63 of a-z, 0-9, _ and -, beginning with a letter',
      '[stack] InvalidValue: label cost is "1 €"; allowed is up to 63 of a-z, 0-9, _ and -',
      '[stack] InvalidValue: notification e-mail is "nobody"; allowed is an e-mail address',
      '[stack] InvalidValue: state bucket is "gs://state"; allowed is the name of a Cloud Storage bucket, without gs://',
    ]);
  });

  test("takes what is at the edges", () => {
    const edges = [
      { project: "abcdef", environment: "a", labels: { a: "" } },
      { project: `a${"b".repeat(29)}`, environment: "a".repeat(12), labels: { ["a".repeat(63)]: "1".repeat(63) } },
      { project: "example.com:acme-ml", region: "northamerica-northeast1" },
    ];
    expect(edges.flatMap((props) => errorsOf(testStack(props)))).toEqual([]);
  });
});

describe("grantees", () => {
  test("a construct's id leaves out the stack, so that it is the same in every environment", () => {
    expect(granteeId(new Construct(new Construct(testStack(), "batch"), "worker"))).toBe("batch-worker");
  });

  test("members whose names differ only in their signs have different ids", () => {
    const ids = ["user:a.b@acme.com", "user:a-b@acme.com", "group:a.b@acme.com"].map(
      (member) => externalGrantee(member).grantee.id,
    );
    expect(new Set(ids).size).toBe(3);
  });

  // https://docs.cloud.google.com/iam/docs/principal-identifiers
  test.each([
    "user:alice@acme.com",
    "group:ml-team@acme.co.uk",
    "serviceAccount:worker@acme-ml.iam.gserviceaccount.com",
    "serviceAccount:123-compute@developer.gserviceaccount.com",
    "serviceAccount:acme-ml.svc.id.goog[jobs/worker]",
    "domain:acme.com",
    "principal://iam.googleapis.com/locations/global/workforcePools/pool/subject/alice@acme.com",
    "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github/attribute.repository/acme/ml",
    "principalSet://cloudresourcemanager.googleapis.com/projects/123456789012/type/ServiceAccount",
    "projectViewer:acme-ml",
  ])("%s is a principal", (member) => {
    expect(externalGrantee(member).grantee.member).toBe(member);
  });

  test.each([
    "",
    "alice@acme.com",
    "worker@acme-ml.iam.gserviceaccount.com",
    "user:alice",
    "users:alice@acme.com",
    "serviceaccount:worker@acme-ml.iam.gserviceaccount.com",
    "user:alice@acme.com,bob@acme.com",
    "user: alice@acme.com",
    "domain:acme",
    "principal:alice",
    "principal://acme.com/alice",
    "deleted:user:alice@acme.com?uid=1",
  ])("%j is no principal", (member) => {
    expect(thrownBy(() => externalGrantee(member))).toBe(
      `InvalidValue: grantee is "${member}"; allowed is a principal in IAM's notation: user:<e-mail>, group:<e-mail>, serviceAccount:<e-mail>, domain:<domain>, principal://…, principalSet://…, or projectOwner:, projectEditor:, projectViewer:<project>`,
    );
  });

  test("everybody is granted by a verb that says so, and by no other", () => {
    for (const member of ["allUsers", "allAuthenticatedUsers"]) {
      expect(thrownBy(() => externalGrantee(member))).toBe(
        `InvalidValue: grantee is "${member}", which is everybody on the internet; use publicGrantee() if that is what you want`,
      );
    }
    expect(publicGrantee().grantee).toEqual({ member: "allUsers", id: "all-users" });
  });

  test("a token is somebody whom only Terraform knows", () => {
    const member = Token.asString({ "Fn::GetAtt": "x" });
    expect(externalGrantee(member).grantee.member).toBe(member);
  });
});

describe("token traces", () => {
  const { captureStackTrace } = Error;
  const traceOfToken = () => Token.asAny({ a: "token" }).creationStack;

  beforeEach(() => {
    Error.captureStackTrace = captureTrace;
  });
  afterEach(() => {
    Error.captureStackTrace = captureStackTrace;
  });

  test("are left out once they are skipped", () => {
    expect(traceOfToken().join("\n")).toContain("core.test.ts");
    skipTokenTraces();
    expect(traceOfToken()).toEqual([]);
  });

  test("are skipped once, however often that is asked", () => {
    skipTokenTraces();
    const once = Error.captureStackTrace;
    skipTokenTraces();
    expect(Error.captureStackTrace).toBe(once);
  });

  test("are all that is left out: errors, and objects of others, keep their stacks", () => {
    skipTokenTraces();
    const [error, emptied, plain] = [new Error("real"), Object.assign(new Error("empty"), { stack: "" }), {}];
    for (const target of [error, emptied, plain]) Error.captureStackTrace(target);
    expect(error.stack).toMatch(/^Error: real\n {4}at .*core\.test\.ts/);
    expect(emptied.stack).toMatch(/^Error: empty\n {4}at .*core\.test\.ts/);
    expect((plain as { stack?: string }).stack).toMatch(/core\.test\.ts/);
  });
});

test("the package's root holds its functions and workflows", () => {
  expect(["functions", "workflows"].filter((folder) => !existsSync(join(packageRoot(), folder)))).toEqual([]);
});
