import * as v from "valibot";
import { PermanentError } from "../errors";
import type { HttpHandler } from "../http";
import { check, parseJson } from "../json";
import { createJsonOnce, gsUri, type ObjectName, readJson, statPlain } from "../storage";
import { type TaskContext, taskHandler } from "../task-handler";
import type { StepEnvironment } from "./environment";
import { ancestors, stepName } from "./graph";
import { enqueueDependents, loadRun, markerFile, type Pipeline, type Run, runFolder, runId } from "./run";

/**
 * Outputs of a step for later steps: `gs://` paths of objects that it wrote, or small JSON values.
 */
export type Outputs = Record<string, unknown>;

const markerSchema = v.object({ outputs: v.record(v.string(), v.unknown()) });

export interface StepContext<P> extends Pick<TaskContext, "attempt" | "log" | "signal"> {
  run: string;
  step: string;
  /** The run's parameters, checked. */
  parameters: P;
  /**
   * The output of that name of the nearest earlier step.
   *
   * @throws PermanentError `missing_input` when no earlier step wrote one.
   */
  output(name: string): unknown;
  /**
   * Reads the JSON object that an earlier step's output names.
   *
   * @throws PermanentError `missing_input`, `invalid_payload`.
   */
  readOutput<S extends v.GenericSchema>(name: string, schema: S): Promise<v.InferOutput<S>>;
  /**
   * Reads an object of the run bucket.
   *
   * @throws PermanentError as `statPlain`, `payload_too_large` (413).
   */
  read(object: ObjectName, maxBytes: number): Promise<Buffer>;
  /**
   * Writes `runs/<run>/<step>/<file>`, unless an earlier attempt wrote it.
   *
   * @returns its `gs://` path, to be put among the outputs.
   */
  write(file: string, data: string, contentType?: string): Promise<string>;
}

export interface PipelineStepOptions<S extends v.GenericSchema> {
  environment: StepEnvironment;
  services: Pipeline["services"];
  /** The run parameters that this step needs. */
  parameters: S;
  /**
   * Does the work. The same parameters and inputs must give the same files, since a repeated
   * attempt keeps existing files.
   */
  work: (context: StepContext<v.InferOutput<S>>) => Promise<Outputs>;
}

/**
 * A step of a pipeline. Cloud Tasks calls it with `{ run, step }`. Does the work unless the step's
 * marker exists, writes the marker, and enqueues the steps that are now ready.
 */
export function pipelineStep<S extends v.GenericSchema>(options: PipelineStepOptions<S>): HttpHandler {
  const { environment, services, parameters, work } = options;
  const { storage } = services;

  return taskHandler({
    environment,
    services,
    schema: v.object({ run: runId, step: stepName }),
    findEffect: async ({ run, step }) => {
      if (!(await storage.stat(markerFile(options, run, step)))) return undefined;
      return { run, step, enqueued: await enqueueDependents(options, await loadRun(options, run), step) };
    },
    handle: async (task, { attempt, log, signal }) => {
      const run = await loadRun(options, task.run);
      if (!run.steps.some(({ name }) => name === task.step)) {
        throw new PermanentError("unknown_step", `Run ${task.run} has no step ${task.step}`);
      }
      const outputs = await work({
        ...task,
        attempt,
        log,
        signal,
        parameters: check(parameters, run.parameters, `The parameters of run ${task.run}`),
        ...files(options, task.run, task.step),
        ...(await inputs(options, run, task.step)),
      });
      await createJsonOnce(storage, markerFile(options, task.run, task.step), { step: task.step, outputs });
      return { ...task, enqueued: await enqueueDependents(options, run, task.step) };
    },
  });
}

function files({ environment, services: { storage } }: Pipeline, run: string, step: string) {
  return {
    async read(object: ObjectName, maxBytes: number): Promise<Buffer> {
      const info = await statPlain(storage, object);
      if (info.size > maxBytes) {
        const message = `${gsUri(object)} has ${info.size} bytes; allowed: ${maxBytes}`;
        throw new PermanentError("payload_too_large", message, 413);
      }
      if (info.size === 0) return Buffer.alloc(0);
      return storage.readRange(object, info.generation, 0, info.size);
    },
    async write(file: string, data: string, contentType = "application/json"): Promise<string> {
      const object = { bucket: environment.RUN_BUCKET, name: `${runFolder(run)}/${step}/${file}` };
      await storage.createOnce(object, data, contentType);
      return gsUri(object);
    },
  };
}

async function inputs(pipeline: Pipeline, { run, steps }: Run, step: string) {
  const { RUN_BUCKET } = pipeline.environment;
  const { storage } = pipeline.services;
  const markers = await Promise.all(
    ancestors(steps, step).map(async (name) => {
      const marker = await readJson(storage, markerFile(pipeline, run, name));
      if (marker === undefined) throw new PermanentError("missing_input", `Step ${name} of run ${run} is not done`);
      return check(markerSchema, marker, `The marker of step ${name}`);
    }),
  );
  const output = (name: string): unknown => {
    const marker = markers.find(({ outputs }) => Object.hasOwn(outputs, name));
    if (!marker)
      throw new PermanentError("missing_input", `No step before ${step} of run ${run} has an output ${name}`);
    return marker.outputs[name];
  };
  return {
    output,
    async readOutput<S extends v.GenericSchema>(name: string, schema: S): Promise<v.InferOutput<S>> {
      const uri = String(output(name));
      const folder = `gs://${RUN_BUCKET}/${runFolder(run)}/`;
      const bytes = uri.startsWith(folder)
        ? await storage.read({ bucket: RUN_BUCKET, name: uri.slice(`gs://${RUN_BUCKET}/`.length) })
        : undefined;
      if (!bytes) throw new PermanentError("missing_input", `Output ${name} is no object under ${folder}`);
      return check(schema, parseJson(bytes, uri), uri);
    },
  };
}
