import type { Curl } from "../curl";
import type { RunningStack } from "../running-stack";
import { type Flow, type FlowResult, type FlowType, type Input, textOutput } from "./flow";

/** The schedule fires, its task reaches the launcher, the launcher starts a job, and the job counts words. */
export const scheduledPreprocessing: FlowType = {
  name: "scheduled preprocessing",
  takes: "a text whose words are counted",
  extensions: [".txt"],
  outputs: ["schedule_name", "task_queue_name", "launcher_url", "output_bucket_name"],
  create: (running) => new ScheduledPreprocessingFlow(running),
};

class ScheduledPreprocessingFlow implements Flow {
  private readonly schedule: string;
  private readonly bucket: string;

  constructor(private readonly running: RunningStack) {
    this.schedule = textOutput(running, "schedule_name");
    this.bucket = textOutput(running, "output_bucket_name");
  }

  async submit(_input?: Input): Promise<void> {
    // Its retries count as pending work.
    void this.running.fire(this.schedule);
  }

  result(): FlowResult {
    return { accepted: [], effects: [], deadLetters: [] };
  }

  async outputs() {
    return {};
  }

  commands(curl: Curl) {
    return [
      { title: "fire the schedule now", command: curl.fire(this.schedule) },
      { title: "list results", command: curl.list(this.bucket) },
    ];
  }
}
