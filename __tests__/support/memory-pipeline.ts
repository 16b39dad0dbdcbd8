import * as v from "valibot";
import { environmentSchema as startEnvironment } from "../../functions/pipeline-start/environment";
import { createHandler as createStart } from "../../functions/pipeline-start/handler";
import { readEnvironment } from "../../functions/shared/environment";
import type { HttpHandler } from "../../functions/shared/http";
import type { StepContext } from "../../functions/shared/pipeline/context";
import { stepEnvironmentSchema } from "../../functions/shared/pipeline/environment";
import { type PipelineStepOptions, pipelineStep } from "../../functions/shared/pipeline/step";
import { environments } from "./environments";
import { callHandler, deliverAll, MemoryCloud } from "./memory-cloud";

export type Context = StepContext<unknown>;

/** Work of each step by name; its result are the outputs. */
export type Works = Record<string, (context: Context) => unknown>;

export const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

export const stepOf = (name: string, after: string[], more: object = {}) => ({
  name,
  url: `https://${name}.example.run.app/`,
  after,
  deadlineSeconds: 300,
  ...more,
});

/** Run `r` of a pipeline whose functions run in memory. */
export class MemoryPipeline {
  readonly cloud = new MemoryCloud();
  readonly step: HttpHandler;
  private readonly starter: HttpHandler;

  /** @param deadLetter without it, tasks that fail for good are dropped */
  constructor(steps: object[], works: Works, { deadLetter = true } = {}) {
    const change = deadLetter ? {} : { DEAD_LETTER_TOPIC: undefined };
    const environment = { ...environments["pipeline-train"], ...change };
    const work = async (context: Context) => (await works[context.step]?.(context)) ?? {};
    this.step = pipelineStep({
      environment: readEnvironment(stepEnvironmentSchema, environment),
      services: this.cloud.services(),
      parameters: v.unknown(),
      work: work as PipelineStepOptions<v.GenericSchema>["work"],
    });
    this.starter = createStart(
      readEnvironment(startEnvironment, { ...environments["pipeline-start"], STEPS: JSON.stringify(steps) }),
      this.cloud.services("start"),
    );
  }

  /** Calls the start function by hand. */
  start(body: object = {}) {
    return callHandler(this.starter, { run: "r", ...body });
  }

  /** Calls the step's function by hand. */
  call(body: object) {
    return callHandler(this.step, { run: "r", ...body });
  }

  /** Delivers a task of that body, created by hand. */
  task(body: object) {
    const headers = { "x-cloudtasks-queuename": "pipeline", "x-cloudtasks-taskname": "by-hand" };
    return callHandler(this.step, { run: "r", ...body }, headers);
  }

  /** Delivers all tasks that wait. */
  deliver(options?: Parameters<typeof deliverAll>[2]): Promise<void> {
    return deliverAll(this.cloud, () => this.step, options);
  }

  marker(name: string) {
    return this.cloud.json(`runs/r/steps/${name}.json`);
  }

  get reasons(): string[] {
    return this.cloud.letters.map(({ reason }) => reason);
  }
}
