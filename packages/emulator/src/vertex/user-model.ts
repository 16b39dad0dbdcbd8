import { existsSync } from "node:fs";
import { extname } from "node:path";
import { ApiError } from "../core/api-error";
import { userModule } from "../core/user-module";
import { echoModel } from "./choose";
import { irisModel } from "./iris-model";
import type { Model } from "./model";

/** A model that cannot be used: what was given, and what is allowed. */
export class ModelError extends Error {}

const EXTENSIONS = [".js", ".mjs", ".cjs", ".ts"];
const ALLOWED = `echo, iris, a URL that begins with http:// or https://, or a file (${EXTENSIONS.join(", ")}) that exports predict(instances, parameters)`;
/**
 * Milliseconds. Vertex AI gives a request of its shared endpoints 60 seconds (docs "Quotas and
 * limits").
 */
const TIMEOUT = 60_000;
/** Characters of an answer that are shown. */
const SHOWN = 500;

type Predict = (instances: readonly unknown[], parameters: unknown) => unknown;

/**
 * The model that a person names.
 *
 * @param given `echo`, `iris`, a URL, or a file
 * @param absolute makes a file's path absolute
 * @throws ModelError
 */
export async function readModel(given: string, absolute: (path: string) => string): Promise<Model> {
  if (given === "echo") return echoModel;
  if (given === "iris") return irisModel;
  if (/^https?:/.test(given)) return modelAt(given);
  const path = absolute(given);
  if (!EXTENSIONS.includes(extname(path)) || !existsSync(path)) {
    const why = EXTENSIONS.includes(extname(path)) ? `; there is no ${path}` : "";
    throw new ModelError(`Given --predict ${JSON.stringify(given)}${why}; allowed: ${ALLOWED}`);
  }
  return modelIn(path);
}

/**
 * `POST {instances, parameters}` is answered with `{predictions}`, as a custom container of Vertex
 * AI answers.
 */
function modelAt(url: string): Model {
  if (!URL.canParse(url)) throw new ModelError(`Given --predict ${JSON.stringify(url)}; allowed: ${ALLOWED}`);
  return userModel(url, async (instances, parameters) => {
    let response: Response;
    try {
      response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ instances, parameters }),
        signal: AbortSignal.timeout(TIMEOUT),
      });
    } catch (error) {
      const { cause, message } = error as Error & { cause?: Error };
      throw new ApiError("UNAVAILABLE", `the model does not answer: ${cause?.message || message}`);
    }
    const text = await response.text();
    if (!response.ok) throw new ApiError(codeOf(response.status), `${response.status} ${text.slice(0, SHOWN)}`);
    try {
      return JSON.parse(text).predictions;
    } catch {
      throw new ApiError("INTERNAL", `the model's answer is not JSON: ${text.slice(0, SHOWN)}`);
    }
  });
}

/**
 * An error that it throws is 500; one whose `status` is 400 refuses the instances, as a model does
 * that does not know them.
 */
async function modelIn(path: string): Promise<Model> {
  const predict = await predictIn(path);
  return userModel(path, async (instances, parameters) => {
    try {
      return await predict(instances, parameters);
    } catch (error) {
      const { message, status } = Object(error) as { message?: string; status?: number };
      throw new ApiError(codeOf(status ?? 500), String(message ?? error));
    }
  });
}

function userModel(where: string, predict: Predict): Model {
  return {
    title: `Yours on this machine: ${where}`,
    describe: () => `yours, ${where}`,
    predict: async (instances, parameters) => {
      const predictions = await predict(instances, parameters);
      if (Array.isArray(predictions) && predictions.length === instances.length) return predictions;
      const given = Array.isArray(predictions) ? `${predictions.length} predictions` : "no list of predictions";
      throw new ApiError("INTERNAL", `${where} gave ${given} for ${instances.length} instances`);
    },
  };
}

function codeOf(status: number): "INVALID_ARGUMENT" | "RESOURCE_EXHAUSTED" | "INTERNAL" | "UNAVAILABLE" {
  if (status === 429) return "RESOURCE_EXHAUSTED";
  if (status >= 400 && status < 500) return "INVALID_ARGUMENT";
  return status === 500 ? "INTERNAL" : "UNAVAILABLE";
}

async function predictIn(path: string): Promise<Predict> {
  const loaded = await userModule(path);
  const inner = Object(loaded.default) as Record<string, unknown>;
  const found = [loaded.predict, inner.predict, inner.default, loaded.default].find((it) => typeof it === "function");
  if (!found) throw new ModelError(`${path} exports neither predict(instances, parameters) nor such a default`);
  return found as Predict;
}
