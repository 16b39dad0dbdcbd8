import { ManualClock } from "../../src/core/clock";
import { Log } from "../../src/core/log";
import { VirtualClock } from "../../src/core/virtual-clock";
import { ContainerRun } from "../../src/run/container-run";
import { FakePrograms } from "../support/fake-programs";

const log = new Log();
const program = { target: { name: "train" }, account: "task@p", environment: {}, log };

test("virtual time stands still while a container runs, and its timeout is in real time", async () => {
  const programs = new FakePrograms();
  const clock = new VirtualClock();
  clock.run(() => true);
  const start = clock.now();
  const run = new ContainerRun({ programs, program, clock, timeout: 50 });
  clock.at(start + 1_000, () => programs.last().exit(0));
  expect(await run.outcome).toEqual({ succeeded: false, exitCode: undefined, timedOut: true });
  expect(programs.last().signals).toEqual(["SIGTERM"]);
  expect(clock.now()).toBe(start);
  clock.stop();
});

test("a program that cannot be started has failed, and its log says why", async () => {
  const programs = new FakePrograms();
  programs.start = async () => {
    throw new Error("there is no docker");
  };
  const run = new ContainerRun({ programs, program, clock: new ManualClock(), timeout: 50 });
  expect(await run.outcome).toEqual({ succeeded: false, timedOut: false });
  expect(log.tail(1)).toBe("there is no docker");
});

test("a container that is stopped before it has started ends at once", async () => {
  const programs = new FakePrograms();
  const run = new ContainerRun({ programs, program, clock: new ManualClock(), timeout: 50 });
  run.stop();
  expect(await run.outcome).toMatchObject({ succeeded: false });
  expect(programs.last().signals).toEqual(["SIGKILL"]);
});
