import { gsUri, type ObjectName } from "../storage";
import type { TaskContext } from "../task-handler";
import type { Inputs } from "./inputs";
import { type Item, workFolder } from "./layout";
import type { Pipeline } from "./run";
import type { StepTask } from "./task";

/** What the work of a step gets. */
export interface StepContext<P>
  extends Pick<TaskContext, "attempt" | "redrives" | "time" | "log" | "signal">,
    Files,
    Inputs {
  run: string;
  step: string;
  /** Position of the element that a step with `forEach` works on, from 0. */
  index?: number;
  /** That element. */
  element?: unknown;
  /** Number of the resume that this task belongs to; 0 in the first attempt. */
  resume: number;
  /** What an earlier task of this step gave to `Again`; absent in the first task. */
  poll?: StepTask["poll"];
  /** The run's parameters, checked. */
  parameters: P;
}

export interface Files {
  /**
   * `gs://<run bucket>/runs/<run>/<step>`, of an element with `/<index>`, five digits. No slash at
   * its end.
   */
  folder: string;
  /**
   * Reads an object of the run bucket.
   *
   * @throws PermanentError `missing_object` (404), `unsupported_encoding`, `payload_too_large` (413).
   */
  read(object: ObjectName, maxBytes: number): Promise<Buffer>;
  /**
   * Writes `<folder>/<file>`, unless an earlier attempt wrote it.
   *
   * @returns its `gs://` path, to be put among the outputs.
   */
  write(file: string, data: string, contentType?: string): Promise<string>;
}

/**
 * What the work returns when it has not ended: a task of the step comes again at a time, and its
 * context has `poll` with the state.
 */
export class Again {
  /**
   * @param state small JSON values.
   * @param scheduleTime RFC 3339, at most 30 days ahead.
   */
  constructor(
    readonly state: Record<string, unknown>,
    readonly scheduleTime: string,
  ) {}
}

/** The files of a step or an element. */
export function files({ environment, services: { storage } }: Pipeline, item: Item): Files {
  const folder = { bucket: environment.RUN_BUCKET, name: workFolder(item) };
  return {
    folder: gsUri(folder),
    read: (object, maxBytes) => storage.readPlain(object, maxBytes),
    async write(file, data, contentType = "application/json") {
      const object = { ...folder, name: `${folder.name}/${file}` };
      await storage.createOnce(object, data, contentType);
      return gsUri(object);
    },
  };
}
