import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Machine } from "../../src/machine/machine";
import { DATA_SOURCES, PASSIVE } from "../../src/machine/passive";
import { DESCRIPTIONS } from "../../src/services";
import { synthesizeEveryOption } from "./every-option";

// Whatever option of the library a stack uses, the emulator takes it: nothing that is offered stops
// a stack as a whole.

const { folder, folders } = synthesizeEveryOption();
afterAll(() => rmSync(folder, { recursive: true }));

const machines: Machine[] = [];
afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.stop();
});

test.each(Object.entries(folders))("%s with every option loads, is deployed, and starts", async (name, stack) => {
  const notices: string[] = [];
  const machine = await Machine.start(stack, {
    secrets: { "api-key": "of the user" },
    onNotice: (notice) => notices.push(notice),
  });
  machines.push(machine);
  const onFunctions = [
    expect.stringMatching(/^image repositories: no image is built here \(google_cloudfunctions2_function\.\S+/),
    expect.stringMatching(/^VPC connectors: there is no network here, .*\(google_cloudfunctions2_function\.\S+/),
  ];
  const isContainer = name.startsWith("container");
  const onContainers = [
    expect.stringMatching(/^VPC networks: .*\(google_cloud_run_v2_\S+/),
    expect.stringMatching(/^GPUs: .*\(google_cloud_run_v2_\S+/),
    ...(name === "containers" ? [expect.stringMatching(/^liveness probes .*\(google_cloud_run_v2_service\.\S+/)] : []),
    expect.stringMatching(/^buckets as folders: .*\(google_cloud_run_v2_\S+/),
  ];
  const withoutCommand = name === "containers" ? ["reader", "puller"] : isContainer ? ["train"] : [];
  expect(notices).toEqual([
    expect.stringMatching(/^customer-managed keys: nothing is encrypted here, .*\(google_\w+\.\S+( and \d+ more)?\)$/),
    ...(isContainer ? onContainers : onFunctions),
    "the value of projects/acme-ml/secrets/token is made up; --secrets <file> gives it one",
    ...withoutCommand.map((each) =>
      expect.stringMatching(new RegExp(`^${each} is a container, and nothing stands for`)),
    ),
  ]);
});

test("every type that the library can make is known to the emulator", () => {
  const parts = join(__dirname, "../../../../lib/parts");
  const imports = readdirSync(parts).flatMap((file) => [
    ...readFileSync(join(parts, file), "utf8").matchAll(/"@cdktf\/provider-google\/lib\/([a-z0-9-]+)"/g),
  ]);
  const names = [...new Set(imports.map(([, name = ""]) => name))].filter((name) => name !== "provider");
  expect(names.length).toBeGreaterThan(20);
  const types = Object.keys(Object.assign({}, PASSIVE, ...DESCRIPTIONS.map(({ simulated }) => simulated)));
  const known = new Set([...types, ...DATA_SOURCES.map((type) => `data_${type}`)]);
  const typeOf = (name: string) => (name.startsWith("data-") ? "" : "google_") + name.replaceAll("-", "_");
  expect(names.map(typeOf).filter((type) => !known.has(type))).toEqual([]);
});
