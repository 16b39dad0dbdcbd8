import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Log } from "../../src/core/log";
import type { Network } from "../../src/network";
import { PRELOAD } from "../../src/network/network";
import { DockerError, requireDocker } from "../../src/run/docker";
import { type ContainerProgram, LocalPrograms } from "../../src/run/local-programs";
import { RunCommands } from "../../src/run/run-commands";
import { ACCOUNT, restService, startNetwork } from "../network/support";

const IMAGE = "us-docker.pkg.dev/acme/ml/ocr:1";
const target = { name: "ocr", address: "google_cloud_run_v2_service.ocr", image: IMAGE };
const stack = {
  name: "shop",
  resources: [
    {
      ...{ address: target.address, type: "google_cloud_run_v2_service", id: "ocr", dependsOn: [], configured: [] },
      attributes: { name: "ocr", template: { containers: [{ image: IMAGE }] } },
    },
  ],
};
let network: Network;
let refused: string[];
let callers: unknown[];

beforeAll(async () => {
  ({ network, refused } = await startNetwork());
  callers = [];
  const services = restService(["storage.googleapis.com"], {
    "GET /x": ({ caller, port }) => {
      callers.push(port);
      return caller;
    },
  });
  network.services.add({ rest: [services], grpc: [] });
});
afterAll(() => network.stop());

/**
 * Runs a container to its end.
 *
 * @returns the lines that it wrote, and the ports that it called from
 */
async function run(programs: LocalPrograms, more: Partial<ContainerProgram> = {}) {
  const log = new Log();
  const ports: number[] = [];
  const onCalling = (port: number) => ports.push(port);
  const program = { target, account: ACCOUNT, environment: {}, log, onCalling, ...more };
  await (await programs.start(program)).closed;
  return { lines: log.last().map(({ message }) => message), ports };
}

const withCommand = (command: string) =>
  new LocalPrograms({ commands: new RunCommands(stack, { ocr: command }), network });

test("a command gets the container's arguments and variables; the emulator's come on top", async () => {
  const programs = withCommand(
    `'${process.execPath}' -e 'console.log(process.argv.slice(1).join());`.concat(
      `console.log(JSON.stringify(process.env))' -- first`,
    ),
  );
  const environment = { A: "it's", GCE_METADATA_HOST: "elsewhere", NODE_OPTIONS: "--no-warnings" };
  const { lines } = await run(programs, { args: ["b c", "$A"], environment });
  expect(lines[0]).toBe("first,b c,$A");
  const env = JSON.parse(lines[1] ?? "");
  expect(env).toMatchObject({ A: "it's", GCE_METADATA_HOST: expect.stringMatching(/^127\.0\.0\.1:/) });
  expect(env.NODE_OPTIONS).toMatch(/preload\.cjs" --no-warnings$/);
  expect(env.GCE_METADATA_IP).toBe(env.GCE_METADATA_HOST);
});

test.each([
  [
    "Node.js, by the preload",
    `'${process.execPath}' -e '
    const token = fetch("http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token",
      { headers: { "metadata-flavor": "Google" } }).then((reply) => reply.json());
    token.then(({ access_token }) => fetch("https://storage.googleapis.com/x",
      { headers: { authorization: "Bearer " + access_token } })).then((reply) => reply.text()).then(console.log)'`,
  ],
  [
    "any program, by the proxy",
    `curl -sS -H "Authorization: Bearer $(curl -fsS -H Metadata-Flavor:Google
    http://$GCE_METADATA_HOST/computeMetadata/v1/instance/service-accounts/default/token |
    sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')" https://storage.googleapis.com/x`,
  ],
])("calls are known by the process that makes them: %s", async (_how, command) => {
  callers.length = 0;
  const { lines, ports } = await run(withCommand(command.replaceAll("\n", " ")));
  expect(JSON.parse(lines.join(""))).toEqual({ email: ACCOUNT });
  expect(callers).toHaveLength(1);
  expect(ports).toContain(callers[0]);
});

test("other hosts are refused and reported", async () => {
  const { lines } = await run(withCommand("curl -sS https://example.org/ || true"));
  expect(lines.join()).toMatch(/403/);
  expect(refused).toContain("example.org");
});

test("a command finds copies of mounted buckets on this machine; in docker they are where the stack says", () => {
  const own = { WEIGHTS: "/models/weights" };
  const moved = { WEIGHTS: "/tmp/copy/weights" };
  const docker = new LocalPrograms({ commands: new RunCommands(stack), network, docker: true });
  expect(withCommand("true").variablesOf(target, own, moved)).toBe(moved);
  expect(docker.variablesOf(target, own, moved)).toBe(own);
});

test("without a command and docker a container cannot run, and the message says what to give", async () => {
  const programs = new LocalPrograms({ commands: new RunCommands(stack), network });
  expect(programs.canRun(target)).toBe(false);
  await expect(run(programs)).rejects.toThrow(
    new Error("ocr is a container, and nothing stands for its image here. Give --run ocr=<command>, or --docker"),
  );
});

describe("docker", () => {
  const folder = mkdtempSync(join(tmpdir(), "fake-docker-"));
  const path = process.env.PATH;
  const fakeDocker = (script: string) => {
    writeFileSync(join(folder, "docker"), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, "docker"), 0o755);
  };
  beforeAll(() => {
    process.env.PATH = `${folder}${delimiter}${path}`;
  });
  afterAll(() => {
    process.env.PATH = path;
    rmSync(folder, { recursive: true });
  });

  test("runs the image in this machine's network; values of variables are not on its command line", async () => {
    fakeDocker('printf "%s\\n" "$@"; echo "SECRET is $SECRET"');
    const programs = new LocalPrograms({ commands: new RunCommands(stack), network, docker: true });
    const { lines } = await run(programs, {
      environment: { SECRET: "s3cret" },
      command: ["python3", "-u"],
      args: ["main.py", "--fast"],
      folders: { "/models": "/tmp/models" },
    });
    const text = lines.join(" ");
    expect(text).toMatch(/^run --rm --name local-[0-9a-f]{12} --network host /);
    expect(text).toContain(`--volume ${network.caFile}:${network.caFile}:ro --volume ${PRELOAD}:${PRELOAD}:ro`);
    expect(text).toContain("--volume /tmp/models:/models");
    expect(text).toContain("--env SECRET ");
    expect(text).not.toMatch(/--env (PATH|HOME|TMPDIR) /);
    expect(text.endsWith(`--entrypoint python3 ${IMAGE} -u main.py --fast SECRET is s3cret`)).toBe(true);
  });

  test("a command comes first", async () => {
    fakeDocker("echo docker");
    const commands = new RunCommands(stack, { ocr: "echo mine" });
    expect((await run(new LocalPrograms({ commands, network, docker: true }))).lines).toEqual(["mine"]);
  });

  test("a docker that does not work is an error that says why", async () => {
    fakeDocker("echo 'Cannot connect to the Docker daemon' >&2; exit 1");
    await expect(requireDocker()).rejects.toThrow(
      new DockerError(
        "--docker needs a docker that works (Cannot connect to the Docker daemon). Without it, give --run <name>=<command>",
      ),
    );
    process.env.PATH = "/no/such/folder";
    await expect(requireDocker()).rejects.toThrow(/there is no docker on PATH/);
    process.env.PATH = `${folder}${delimiter}${path}`;
    fakeDocker("echo 27.0");
    await expect(requireDocker()).resolves.toBeUndefined();
  });
});
