import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock, Command, Kept, Machine, RunningStack } from "@cdktf-serverless-ml/emulator";
import { inDepth } from "../../../../__tests__/support/deep";
import { onlyIf } from "../../../../__tests__/support/only-if";
import { changed, synthesized } from "../../../../__tests__/support/synthesized";
import { scenarioOf } from "../../src/patterns";
import { keepStack } from "../../src/run/keep";
import { inputFor } from "../../src/run/run-stack";
import { startMachine, startStack } from "../../src/run/start";
import type { Input } from "../../src/shared/scenario";

const stacks = synthesized();
const folder = mkdtempSync(join(tmpdir(), "keep-"));
const machines = new Map<string, Promise<Machine>>();
afterAll(async () => {
  for (const machine of machines.values()) await (await machine).stop();
  stacks.remove();
  rmSync(folder, { recursive: true });
});

/** The lines are for shells with curl; `--fail-with-body` came with 7.76, of 2021. */
const hasTools = spawnSync("bash", ["-c", "curl --fail-with-body --version"]).status === 0;

interface Run {
  readonly title: string;
  readonly code: number;
  readonly output: string;
}

/** Pastes commands into one shell, elsewhere than in the project. */
async function pasted(commands: readonly Command[]): Promise<Run[]> {
  const MARK = "-- end with";
  const script = commands.map(({ title, command }) => `# ${title}\n${command}\necho "${MARK} $?"\n`).join("");
  const { PATH, HOME } = process.env;
  const shell = spawn("bash", [], { cwd: folder, env: { PATH, HOME }, stdio: ["pipe", "pipe", "inherit"] });
  let text = "";
  shell.stdout.on("data", (chunk) => {
    text += chunk;
  });
  shell.stdin.end(script);
  await new Promise((resolve) => shell.once("close", resolve));
  const runs = [...text.matchAll(new RegExp(`([\\s\\S]*?)${MARK} (\\d+)\\n`, "g"))];
  return commands.map(({ title }, index) => ({
    title,
    code: Number(runs[index]?.[2] ?? -1),
    output: runs[index]?.[1] ?? "",
  }));
}

/** Starts each folder's functions once. */
function machineOf(stack: string): Promise<Machine> {
  const machine = machines.get(stack) ?? startMachine(stack);
  machines.set(stack, machine);
  return machine;
}

async function kept<T>(
  stack: string,
  use: (running: RunningStack, kept: Kept) => Promise<T>,
  { input, asPlain = false }: { input?: (stack: RunningStack["stack"]) => Input; asPlain?: boolean } = {},
): Promise<T> {
  const running = (await machineOf(stack)).run();
  try {
    const scenario = asPlain ? undefined : scenarioOf(running.stack);
    const found = await keepStack(running, { scenario, input: input?.(running.stack), samples: "samples" });
    return await use(running, found);
  } finally {
    await running.stop();
  }
}

/** The time on the wall, which can be put forward: what falls due by that is done. */
class ForwardClock implements Clock {
  private ahead = 0;

  now(): number {
    return Date.now() + this.ahead;
  }

  at(time: number, work: () => void): () => void {
    const timer = setInterval(() => {
      if (this.now() < time) return;
      clearInterval(timer);
      work();
    }, 20);
    return () => clearInterval(timer);
  }

  forwardTo(time: number): void {
    this.ahead = time - Date.now();
  }
}

test("schedules run by the clock of a stack that stays up, which says when next", async () => {
  const clock = new ForwardClock();
  const folder = changed(stacks.stack("scheduled-preprocessing"), ({ resource }) => {
    followNoJobs({ resource });
    const [job] = Object.values<{ schedule: string; time_zone: string }>(resource.google_cloud_scheduler_job);
    Object.assign(job as object, { schedule: "15 2 * * *", time_zone: "Asia/Kathmandu" });
    const paused = { ...job, name: "never", paused: true };
    Object.assign(resource.google_cloud_scheduler_job, { paused });
  });
  const running = await startStack(folder, { clock });
  try {
    const { text } = await keepStack(running, { scenario: scenarioOf(running.stack), samples: "samples" });
    const [, name, next = ""] =
      /schedule (\S+)\n {2}15 2 \* \* \* \(Asia\/Kathmandu\), runs next at (\S+)/.exec(text) ?? [];
    expect(text).toContain("schedule never\n  15 2 * * * (Asia/Kathmandu), paused\n");
    const runs = () => running.parts.recorder.hops.filter(({ from }) => from === `schedule ${name}`);
    expect(runs()).toEqual([]);
    for (const [index, due] of [Date.parse(next), Date.parse(next) + 86_400_000].entries()) {
      clock.forwardTo(due);
      while (runs().length === index) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await running.settled()).toBe("idle");
    expect(runs()).toMatchObject([{ what: `execution of ${next}`, status: "200" }, { status: "200" }]);
    const { output_bucket_name: output } = running.stack.outputs;
    expect(running.writes(output).length).toBeGreaterThan(0);
  } finally {
    await running.stop();
  }
});

/** A launcher that follows a job waits for half a minute on the wall. */
// biome-ignore lint/suspicious/noExplicitAny: Terraform JSON has no type here.
function followNoJobs({ resource }: any): void {
  for (const { service_config } of Object.values<{ service_config: { environment_variables: Record<string, string> } }>(
    resource.google_cloudfunctions2_function,
  )) {
    const { environment_variables: variables } = service_config;
    if (variables.JOBS) variables.JOBS = variables.JOBS.replace(/,"waitSeconds":\d+/, "");
  }
}

const isOwnProgram = ({ title }: Command) => title.startsWith("run a program");

onlyIf(hasTools, "there is no bash, or no curl of 7.76 or newer", () => {
  describe("what --keep prints, pasted into another shell", () => {
    /** [stack, a title, what its output shows that only a stack that did its work can show] */
    const LINES: readonly [string, string, RegExp][] = [
      ["async-batch", "read the first shard of its result", /"prediction":\{"class":"setosa"/],
      ["task-pipeline", "read the result of its last step", /"accuracy": 0\.9/],
      ["event-workflow", "read its result", /"predicted": ?15/],
      ["pubsub-fanout", "read its result", /"class": "setosa"/],
      ["scheduled-preprocessing", "read the first of them", /^\S+: \d+$/m],
    ];
    test.each(inDepth(LINES, LINES.slice(0, 1)))(
      "%s: every line works, and works again",
      async (name, title, shown) => {
        await kept(stacks.stack(name), async (running, { commands }) => {
          // What is deployed with a stack has done its work.
          await running.settled();
          const lines = commands.filter((command) => !isOwnProgram(command));
          const runs = await pasted(inDepth([...lines, ...lines], lines));
          expect(runs.filter(({ code }) => code !== 0)).toEqual([]);
          const results = runs.filter((run) => run.title === title);
          expect(results).toHaveLength(inDepth(2, 1));
          for (const { output } of results) expect(output).toMatch(shown);
          await running.settled();
          const letters = await pasted(lines.filter((command) => command.title.startsWith("show the dead letters")));
          expect(letters).toEqual([expect.objectContaining({ code: 0, output: "[]\n" })]);
        });
      },
    );

    test("an input of one's own goes in at once, and is what the lines name, whatever its path holds", async () => {
      const place = join(folder, "it's {a} place [1] with $HOME");
      mkdirSync(place);
      const file = join(place, "my flowers.csv");
      copyFileSync("samples/batch.csv", file);
      await kept(
        stacks.stack("async-batch"),
        async (running, { commands }) => {
          const { input_bucket_name: input } = running.stack.outputs;
          expect(running.writes(input)).toEqual(["my flowers.csv"]);
          const [upload, submit] = commands as [Command, Command];
          const runs = await pasted([upload, submit]);
          expect(runs.map(({ code }) => code)).toEqual([0, 0]);
          expect(running.writes(input)[1]).toMatch(/^my-flowers-\d+-\d+\.csv$/);
          rmSync(file);
          const [missing] = await pasted([upload]);
          // curl's own code for a file that it cannot read; and nothing was sent.
          expect(missing?.code).toBe(26);
          expect(running.writes(input)).toHaveLength(2);
        },
        {
          input: (stack) => {
            const scenario = scenarioOf(stack);
            if (!scenario) throw new Error("it is none of the five");
            return inputFor(scenario, file, "samples");
          },
        },
      );
    });

    test("a dead letter is shown with its reason", async () => {
      await kept(stacks.stack("pubsub-fanout"), async (running, { commands }) => {
        const topic = `projects/my-gcp-project/topics/${running.stack.outputs.topic_name}`;
        const data = Buffer.from('{"instances":["no flower"]}').toString("base64");
        const messages = [{ attributes: { modality: "text" }, data }];
        await running.client().json("POST", `https://pubsub.googleapis.com/v1/${topic}:publish`, { messages });
        await running.settled();
        const [show] = await pasted(commands.filter(({ title }) => title.startsWith("show the dead letters")));
        expect(JSON.parse(show?.output ?? "")).toEqual([
          expect.objectContaining({
            reason: expect.stringContaining('Instance 0 is "no flower"'),
            data: '{"instances":["no flower"]}',
          }),
        ]);
      });
    });

    test("in a stack of another pattern each function is called as an account with the permission, with and without a project or a token", async () => {
      const copy = changed(stacks.stack("async-batch"), (json) => {
        for (const fn of Object.values<{ project?: string }>(json.resource.google_cloudfunctions2_function)) {
          delete fn.project;
        }
        const [id, submitter] = Object.entries<{ name: string }>(json.resource.google_cloudfunctions2_function).find(
          ([, { name }]) => name.includes("submitter"),
        ) as [string, { name: string }];
        json.resource.google_cloud_run_v2_service_iam_member.everybody = {
          location: `\${google_cloudfunctions2_function.${id}.location}`,
          name: submitter.name,
          role: "roles/run.invoker",
          member: "allUsers",
        };
      });
      const call = async (running: RunningStack, { text, commands }: Kept) => {
        const { port, caFile } = running.parts.network;
        expect(text).toContain(`TLS port ${port}, with the certificate authority ${caFile}`);
        const calls = commands.filter(({ title }) => title.startsWith("call "));
        expect(calls.map(({ title }) => title)).toEqual([
          expect.stringMatching(/^call async-batch-redrive-dev as async-batch-client-dev@/),
          "call async-batch-submitter-dev, as anybody may",
          expect.stringMatching(/^call async-batch-worker-dev as async-batch-dispatcher-/),
        ]);
        expect(calls[1]?.command).not.toContain("Authorization");
        const [redrive, ...others] = await pasted(calls);
        expect([redrive?.code, redrive?.output]).toEqual([0, expect.stringContaining('"done":true')]);
        // IAM allows the call, and the function refuses the empty body: curl's code for an HTTP
        // error is 22.
        for (const { code, output } of others) {
          expect([code, output]).toEqual([22, expect.stringMatching(/"code":"invalid_|The body is not valid/)]);
        }
      };
      await kept(copy, call, { asPlain: true });
    });

    test("a stack of one's own has a line for each function, topic, queue, bucket and schedule by which work comes in", async () => {
      const titles = (stack: string) =>
        kept(
          stack,
          async (running, { commands }) => {
            await running.settled();
            const lines = commands.filter((command) => !isOwnProgram(command) && !command.title.startsWith("call "));
            const runs = await pasted(lines);
            await running.settled();
            expect(runs.filter(({ code }) => code !== 0)).toEqual([]);
            return lines.map(({ title }) => title.replace(/ as \S+$/, ""));
          },
          { asPlain: true },
        );
      expect(await titles(stacks.stack("pubsub-fanout"))).toEqual([
        "publish {} to ai-workloads-topic-dev",
        ...["audit", "image", "services", "text"].map((name) => `publish {} to pubsub-fanout-${name}-redrive-dev`),
        "upload a text to my-gcp-project-pubsub-fanout-results-dev",
        "list my-gcp-project-pubsub-fanout-results-dev",
        "list my-gcp-project-pubsub-fanout-function-sources-dev",
        "show the dead letters (no IAM check)",
      ]);
      expect(await titles(changed(stacks.stack("scheduled-preprocessing"), followNoJobs))).toEqual(
        expect.arrayContaining([
          "create a task with the body {} in scheduled-preprocessing-queue-dev",
          expect.stringMatching(/^fire scheduled-preprocessing-\S+ now$/),
        ]),
      );
    });
  });
});
