import { PermanentError } from "../shared/errors";
import { mapTexts } from "../shared/map-texts";
import type { JobFile } from "./job-file";

/** `{run}`, `{inputs.train}`. Other text in braces, such as JSON, is no placeholder. */
const PLACEHOLDER = /\{([a-z]+)(?:\.([A-Za-z0-9_.-]+))?\}/g;

/**
 * A value with the placeholders in all its strings filled. Values that are no strings are written
 * as JSON.
 *
 * @throws PermanentError `missing_input` for an output that no earlier step wrote,
 *   `invalid_payload` for a parameter that the run does not have, `unknown_placeholder`
 */
export function fill<T>(template: T, file: JobFile): T {
  return mapTexts(template, (text) => withTexts(text, file));
}

/**
 * As `fill`, but a string that is one placeholder and nothing else becomes the value in its own
 * form, such as a list.
 *
 * @throws as `fill`
 */
export function fillValues<T>(template: T, file: JobFile): T {
  return mapTexts(template, (text) => {
    const [[whole, word = "", name] = []] = text.matchAll(PLACEHOLDER);
    return whole === text ? valueFor(file, whole, word, name) : withTexts(text, file);
  });
}

function withTexts(text: string, file: JobFile): string {
  return text.replace(PLACEHOLDER, (whole, word: string, name?: string) => textOf(valueFor(file, whole, word, name)));
}

function valueFor(file: JobFile, placeholder: string, word: string, name?: string): unknown {
  const { run, step, index, element, inputs, parameters, output } = file;
  if (name !== undefined && word === "inputs") {
    if (Object.hasOwn(inputs, name)) return inputs[name];
    throw new PermanentError("missing_input", `No step before ${step} of run ${run} has an output ${name}`);
  }
  if (name !== undefined && word === "parameters") {
    if (Object.hasOwn(parameters, name)) return parameters[name];
    throw new PermanentError("invalid_payload", `Run ${run} has no parameter ${name}, which step ${step} needs`);
  }
  const values: Record<string, unknown> = { run, step, index, element, output };
  if (name === undefined && values[word] !== undefined) return values[word];
  throw new PermanentError("unknown_placeholder", `The job of step ${step} has the placeholder ${placeholder}`);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
