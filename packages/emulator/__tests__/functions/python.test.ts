import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";
import { IS_DEEP } from "../../../../__tests__/support/deep";
import { onlyIf } from "../../../../__tests__/support/only-if";
import { canInstallPython, PYTHON } from "../../../../__tests__/support/python";
import { pubSub } from "../../src/pubsub";
import { restService } from "../network/support";
import { FakeContext } from "../support/fake-context";
import { Bench, json, RUNTIME } from "./support";

// Functions in Python, under functions-framework for Python.

const RUNS = { build: { runtime: "python313", entry_point: "main" } };
const benches: Bench[] = [];
function bench(...[fixtures, options]: ConstructorParameters<typeof Bench>): Bench {
  const made = new Bench(fixtures, options);
  benches.push(made);
  return made;
}
afterEach(async () => {
  await Promise.all(benches.splice(0).map((each) => each.stop()));
});

test("without Python the others run; its calls are 503 with what to install, and skipped", async () => {
  const skipped: string[] = [];
  const fixtures = {
    py: { files: { "main.py": "" }, ...RUNS },
    js: { code: "exports.handler = (q, r) => r.json(1);" },
  };
  const options = { python: "no-such-python", onSkipped: (why: string) => skipped.push(why) };
  const started = await bench(fixtures, options).start();
  expect(json(await started.call("js"))).toBe(1);
  const reply = await started.call("py");
  expect(reply).toMatchObject({ status: 503, skipped: true });
  const why =
    "py is a function in Python (python313). It needs Python, and there is no no-such-python. Install Python 3.9 or newer, or name one: --python <interpreter>";
  expect(skipped).toEqual([why]);
  expect(started.host.missing()).toEqual([why]);
});

test("a source without main.py is an error", async () => {
  const started = bench({ py: { files: { "app.py": "" }, ...RUNS } }, { python: "no-such-python" });
  await expect(started.start()).rejects.toThrow("google_cloudfunctions2_function.py: its source has no main.py");
});

const CODE = `
import os, sys, json, threading
import functions_framework
import requests
from google.cloud import pubsub, storage

@functions_framework.http
def main(request):
    if request.path == "/env":
        return dict(os.environ)
    if request.path == "/crash":
        storage.Client().bucket("b").get_blob("crash")
    if request.path == "/exit":
        os._exit(7)
    if request.path == "/outside":
        try:
            return {"status": requests.get("https://example.org/").status_code}
        except requests.exceptions.ProxyError:
            return {"status": "refused"}
    print(json.dumps({"severity": "WARNING", "message": "worked"}))
    # REST and gRPC, made without options.
    size = storage.Client().bucket("b").get_blob("in.txt").size
    publisher = pubsub.PublisherClient()
    message = publisher.publish("projects/acme-ml/topics/topic", request.get_data()).result(timeout=20)
    return {"size": size, "message": message, "pid": os.getpid()}
`;
const REQUIREMENTS = "google-cloud-pubsub==2.44.0\ngoogle-cloud-storage==3.17.1\n";

const reason = IS_DEEP ? `${PYTHON} cannot install packages` : "npm run test:deep runs it";

onlyIf(IS_DEEP && canInstallPython(), reason, () => {
  test("Google's clients work without options over REST and gRPC, as the function's account", async () => {
    const entries: unknown[] = [];
    const notices: string[] = [];
    const files = { "main.py": CODE, "requirements.txt": REQUIREMENTS };
    const fixtures = { py: { files, ...RUNS, service: { environment_variables: { A: "1" }, available_cpu: "2" } } };
    const started = await bench(fixtures, {
      onLog: (_, entry) => entries.push(entry),
      onNotice: (notice) => notices.push(notice),
    }).start();
    expect(notices.at(-1)).toMatch(/^py \(Python 3\.\d+\.\d+\) was ready after \d+\.\d s$/);
    const around = new FakeContext();
    const pubsub = pubSub.create(around, [
      { address: "t", type: "google_pubsub_topic", attributes: { name: "topic", project: "acme-ml" } },
    ]);
    let killed = 0;
    const callers: unknown[] = [];
    const service = restService(["storage.googleapis.com"], {
      "GET /storage/v1/b/b/o/in.txt": ({ caller }) => {
        callers.push(caller.email);
        return { bucket: "b", name: "in.txt", size: "5", generation: "7" };
      },
      "GET /storage/v1/b/b/o/crash": ({ port }) => {
        killed += started.host.crash("py", port);
        return {};
      },
    });
    started.network.services.add(pubsub, { rest: [service], grpc: [] });
    const first = json(await started.call("py", "/", { body: "hello" }));
    expect(first).toMatchObject({ size: 5, message: expect.any(String) });
    expect(callers).toEqual([RUNTIME]);
    expect(around.asked).toContain(`${RUNTIME} pubsub.topics.publish projects/acme-ml/topics/topic`);
    expect(entries).toContainEqual(expect.objectContaining({ severity: "WARNING", message: "worked" }));
    expect(json(await started.call("py", "/env"))).toMatchObject({
      A: "1",
      THREADS: "8",
      K_SERVICE: "py",
      FUNCTION_TARGET: "main",
      FUNCTION_SIGNATURE_TYPE: "http",
    });
    expect(json(await started.call("py", "/outside"))).toEqual({ status: "refused" });
    expect(started.refused).toContain("example.org");
    expect((await started.call("py", "/crash")).status).toBe(503);
    expect(killed).toBe(1);
    expect(json(await started.call("py", "/", { body: "again" })).pid).not.toBe(first.pid);
    expect((await started.call("py", "/exit")).status).toBe(503);
  }, 300_000);

  test("new code takes over: what is under way ends on the old code, and no request is lost", async () => {
    const files = (answer: string) => ({
      "main.py": `import time\n\ndef main(request):\n    time.sleep(0.02)\n    return "${answer}"\n`,
    });
    const service = { max_instance_request_concurrency: 8 };
    const started = await bench({ py: { files: files("old"), ...RUNS, service } }).start();
    const answers: string[] = [];
    let going = true;
    const load = async () => {
      while (going) {
        const { status, body } = await started.call("py", "/");
        answers.push(`${status} ${body}`);
      }
    };
    const loads = Array.from({ length: 4 }, load);
    try {
      const zip = join(started.folder, "new.zip");
      writeFileSync(zip, zipSync({ "main.py": strToU8(files("new")["main.py"]) }));
      await started.host.replaceFunction("py", zip);
      expect((await started.call("py", "/")).body.toString()).toBe("new");
    } finally {
      going = false;
      await Promise.all(loads);
    }
    expect(new Set(answers)).toEqual(new Set(["200 old", "200 new"]));
  });

  test("an entry point that is missing is an error that names those that are there", async () => {
    const files = { "main.py": "def other(request):\n    return ''\n" };
    const started = bench({ py: { files, ...RUNS } });
    await expect(started.start()).rejects.toThrow(
      /^google_cloudfunctions2_function\.py does not start: [\s\S]*is expected to contain a function named 'main'/,
    );
  });

  test("packages that cannot be installed are what is missing, with pip's own words", async () => {
    const files = { "main.py": "", "requirements.txt": "no-such-package-anywhere-4711==1\n" };
    const started = await bench({ py: { files, ...RUNS } }).start();
    expect(started.host.missing()).toEqual([
      expect.stringMatching(
        /^py is a function in Python \(python313\), and its packages cannot be installed:\n[\s\S]*no-such-package-anywhere-4711/,
      ),
    ]);
  });

  test("without the network, the package index is what was not reached", async () => {
    const files = { "main.py": "", "requirements.txt": "no-such-package-anywhere-4712==1\n" };
    process.env.PIP_INDEX_URL = "http://127.0.0.1:9/simple";
    process.env.PIP_RETRIES = "1";
    try {
      const started = await bench({ py: { files, ...RUNS } }).start();
      const [why = ""] = started.host.missing();
      expect(why).toMatch(
        /cannot be installed, as the package index was not reached; installing needs the network once:\n/,
      );
      expect(why).not.toContain("Retrying");
    } finally {
      delete process.env.PIP_INDEX_URL;
      delete process.env.PIP_RETRIES;
    }
  });
});
