import { conditionNotMet, invalid } from "./storage-error";
import type { StoredObject } from "./stored-object";

/**
 * Conditions on the live object; generation 0 means that there is none. Source:
 * docs/request-preconditions.
 */
export interface Preconditions {
  readonly ifGenerationMatch?: number;
  readonly ifGenerationNotMatch?: number;
  readonly ifMetagenerationMatch?: number;
  readonly ifMetagenerationNotMatch?: number;
}

const NAMES = [
  "ifGenerationMatch",
  "ifGenerationNotMatch",
  "ifMetagenerationMatch",
  "ifMetagenerationNotMatch",
] as const satisfies readonly (keyof Preconditions)[];

export const PRECONDITIONS: readonly string[] = NAMES;

/**
 * @param prefix such as `ifSource` for the source of a copy.
 * @throws StorageError 400 for anything other than a number
 */
export function readPreconditions(query: URLSearchParams, prefix = "if"): Preconditions {
  return Object.fromEntries(
    NAMES.flatMap((name) => {
      const given = query.get(name.replace(/^if/, prefix));
      if (given === null) return [];
      if (!/^\d+$/.test(given)) throw invalid(`Invalid value for ${name}: ${given}`);
      return [[name, Number(given)]];
    }),
  );
}

function broken(conditions: Preconditions, object: StoredObject | undefined): (keyof Preconditions)[] {
  const generation = object?.generation ?? 0;
  const holds = {
    ifGenerationMatch: conditions.ifGenerationMatch === generation,
    // Without a live object it does not hold either, whatever number is given.
    ifGenerationNotMatch: Boolean(object) && conditions.ifGenerationNotMatch !== generation,
    ifMetagenerationMatch: conditions.ifMetagenerationMatch === object?.metageneration,
    ifMetagenerationNotMatch: Boolean(object) && conditions.ifMetagenerationNotMatch !== object?.metageneration,
  };
  return NAMES.filter((name) => conditions[name] !== undefined && !holds[name]);
}

/** @throws StorageError 412 */
export function requirePreconditions(conditions: Preconditions, object: StoredObject | undefined): void {
  if (broken(conditions, object).length > 0) throw conditionNotMet();
}

/** For reading. @returns true where the answer is 304 Not Modified. @throws StorageError 412 */
export function notModified(conditions: Preconditions, object: StoredObject): boolean {
  const names = broken(conditions, object);
  if (names.some((name) => !name.includes("Not"))) throw conditionNotMet();
  return names.length > 0;
}
