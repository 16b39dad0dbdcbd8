import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cloudDataflow, cloudStorage, type RunningStack, VirtualClock } from "@cdktf-serverless-ml/emulator";
import { PYTHON, withBeam } from "../../../../__tests__/support/beam";
import { startStack } from "../../src/run/start";
import { createTaskLike } from "../../src/shared/schedule-task";

/* Jobs on Apache Beam that end badly: one clear state each, one job a task, and no folder that looks finished. */

// A start of Beam takes seconds, and more on a busy machine.
jest.setTimeout(900_000);

const outdir = mkdtempSync(join(tmpdir(), "bad-jobs-"));
const INPUT = "acme-ml-bad-jobs-raw-dev";
const schedule = (job: string) => `bad-jobs-preprocessing-schedule-${job}-dev`;

let running: RunningStack;
const clock = new VirtualClock();

/** What became of each job, by the input that it read. */
function ends() {
  const objects = running.service(cloudStorage).objects();
  const letters = running.deadLetters().map(({ reason }) => reason);
  return running.service(cloudDataflow).jobs.map(({ launch, state }) => {
    const { input, output } = JSON.parse(launch.parameters.jinja_variables ?? "{}");
    const written = objects.map(({ bucket, name }) => `gs://${bucket}/${name}`).filter((uri) => uri.startsWith(output));
    return {
      input: input.split("/").at(-1),
      state,
      written: written.map((uri) => uri.slice(output.length + 1)).sort(),
      letters: letters.filter((reason) => reason.startsWith(launch.name)),
      folder: output,
      name: launch.name,
    };
  });
}

withBeam(() => {
  beforeAll(async () => {
    const env = { ...process.env, CDKTF_OUTDIR: outdir };
    execFileSync(process.execPath, ["scripts/ts.mjs", "packages/scenarios/__tests__/bad-jobs/app.ts"], { env });
    running = await startStack(join(outdir, "stacks", "bad-jobs"), { clock, python: PYTHON });
    const accounts = running.named("google_service_account").map(({ attributes }) => String(attributes.email));
    const client = running.client(accounts.find((email) => email.includes("client")));
    await client.upload(INPUT, "good/fine.txt", Buffer.from("one\ntwo\n"), "text/plain");
    await client.upload(INPUT, "poor.txt", Buffer.from("one\nbad\n"), "text/plain");
  });
  afterAll(async () => {
    await running?.stop();
    clock.stop();
    rmSync(outdir, { recursive: true });
  });

  test("each ends in one clear state", async () => {
    clock.run(() => running.pending() > 0);
    const launch = (job: string, file: string) =>
      createTaskLike(running, schedule("good"), { job, parameters: { input: `gs://${INPUT}/${file}` } });
    await launch("unknown", "good/fine.txt");
    await launch("good", "none.txt");
    await launch("good", "poor.txt");
    await launch("good", "good/fine.txt");
    expect(await running.settled(600_000)).toBe("idle");

    const failed = (input: string, message: RegExp, written: string[] = []) =>
      expect.objectContaining({
        input,
        state: "JOB_STATE_FAILED",
        written,
        letters: [
          expect.stringMatching(new RegExp(`failed: JOB_STATE_FAILED: Workflow failed\\. Causes: .*${message.source}`)),
        ],
      });
    const all = ends();
    expect(all).toHaveLength(4);
    expect(all).toEqual(
      expect.arrayContaining([
        // Beam's message: it lists what it knows.
        failed("fine.txt", /ReadMinds/),
        failed("none.txt", /none\.txt/),
        failed("poor.txt", /one line is bad, after 1 file/, ["lines-00000-of-00001"]),
        expect.objectContaining({
          input: "fine.txt",
          state: "JOB_STATE_DONE",
          written: ["_SUCCESS", "lines-00000-of-00001"],
          letters: [],
        }),
      ]),
    );
  });

  test("two schedules of one job at the same minute make two jobs, each with a folder of its own", async () => {
    const before = ends().length;
    await Promise.all([running.fire(schedule("good")), running.fire(schedule("good"))]);
    expect(await running.settled(600_000)).toBe("idle");
    const two = ends().slice(before);
    expect(two.map(({ state, written }) => [state, written])).toEqual(
      Array(2).fill(["JOB_STATE_DONE", ["_SUCCESS", "lines-00000-of-00001"]]),
    );
    expect(new Set(two.map(({ folder }) => folder)).size).toBe(2);
  });
});
