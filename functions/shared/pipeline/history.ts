import { type ListedObject, listAll } from "../storage";
import type { Pipeline } from "./run";

/** What the objects beside a marker tell of a step or an element. */
export interface History {
  /** Its marker. */
  done?: ListedObject;
  /** Notes of dead letters, by the number of the resume. */
  failures: Map<number, ListedObject>;
  /** Resumes, by number from 1. */
  resumes: Map<number, ListedObject>;
}

export type State = "pending" | "done" | "failed";

const NAME = /^([^./]+)(?:\.(failed|resumed)\.(\d{1,7}))?\.json$/;

const noHistory = (): History => ({ failures: new Map(), resumes: new Map() });

/** Histories of the steps or elements whose markers begin with `prefix`, by step or index. */
export class Histories {
  private constructor(private readonly byName: ReadonlyMap<string, History>) {}

  /**
   * One request for each 1000 objects.
   *
   * @param folder ends with a slash.
   * @param begin the markers' names begin with it. Default: all in the folder.
   */
  static async list({ environment, services }: Pipeline, folder: string, begin = ""): Promise<Histories> {
    const query = { bucket: environment.RUN_BUCKET, prefix: folder + begin, delimiter: "/" };
    return Histories.of(await listAll(services.storage, query));
  }

  static of(objects: readonly ListedObject[]): Histories {
    const byName = new Map<string, History>();
    for (const object of objects) {
      const [, name, kind, number] = NAME.exec(object.name.slice(object.name.lastIndexOf("/") + 1)) ?? [];
      if (name === undefined) continue;
      const history = byName.get(name) ?? noHistory();
      byName.set(name, history);
      if (kind === undefined) history.done = object;
      else (kind === "failed" ? history.failures : history.resumes).set(Number(number), object);
    }
    return new Histories(byName);
  }

  step(name: string): History {
    return this.byName.get(name) ?? noHistory();
  }

  element(index: number): History {
    return this.byName.get(String(index).padStart(5, "0")) ?? noHistory();
  }

  /** Number of markers and failures: each end of an element adds one. */
  get ends(): number {
    return [...this.byName.values()].reduce((sum, { done, failures }) => sum + (done ? 1 : 0) + failures.size, 0);
  }
}

/** Number of the last failure; -1 without one. */
export const lastFailure = ({ failures }: History) => Math.max(-1, ...failures.keys());
/** Number of the last resume; 0 without one. */
export const lastResume = ({ resumes }: History) => Math.max(0, ...resumes.keys());

/** A step or an element that is resumed is pending until it ends again. */
export function stateOf(history: History): State {
  if (history.done) return "done";
  return lastFailure(history) >= lastResume(history) ? "failed" : "pending";
}
