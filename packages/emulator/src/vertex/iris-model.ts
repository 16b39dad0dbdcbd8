import { ApiError } from "../core/api-error";
import { FEATURES, halves, readIris } from "./iris";
import type { Model } from "./model";
import { SoftmaxRegression } from "./softmax-regression";

/** Ours, fitted on half of `samples/iris.csv`: it takes Iris flowers and nothing else. */
export const irisModel: Model = {
  title: "Emulator on this machine: softmax regression on half of samples/iris.csv",
  describe: () => {
    const { flowers, accuracy } = fittedModel();
    const right = `right on ${(accuracy * 100).toFixed(1)} % of ${flowers.held} others`;
    return `iris, in place of Vertex AI, fitted on ${flowers.training} Iris flowers, ${right}`;
  },
  predict: async (instances) => {
    const { model } = fittedModel();
    return instances.map(readFeatures).map((features) => {
      const probabilities = model.probabilities(features);
      return {
        class: model.predict(features),
        probabilities: Object.fromEntries(model.labels.map((label, at) => [label, probabilities[at]])),
      };
    });
  },
};

/** Whether the model takes an instance. */
export function isIris(instance: unknown): boolean {
  return featuresOf(instance) !== undefined;
}

/** @throws ApiError INVALID_ARGUMENT */
function readFeatures(instance: unknown, at: number): readonly number[] {
  const features = featuresOf(instance);
  if (features) return features;
  throw new ApiError(
    "INVALID_ARGUMENT",
    `Instance ${at} is ${shortened(instance)}; the model takes the numbers ${FEATURES.join(", ")}, as an object or a list`,
  );
}

/** Four numbers, as a list or under their names. */
function featuresOf(instance: unknown): readonly number[] | undefined {
  const values = Array.isArray(instance)
    ? instance
    : FEATURES.map((name) => (instance as Record<string, unknown> | null)?.[name]);
  const named =
    Array.isArray(instance) || typeof instance !== "object" || instance === null ? [] : Object.keys(instance);
  const unknown = named.filter((name) => !(FEATURES as readonly string[]).includes(name));
  const wellFormed = values.length === FEATURES.length && values.every((value) => Number.isFinite(value));
  return wellFormed && unknown.length === 0 ? (values as number[]) : undefined;
}

function shortened(instance: unknown): string {
  const text = JSON.stringify(instance);
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}

const SEED = 1;

interface FittedModel {
  readonly model: SoftmaxRegression;
  /** Share of the flowers that it was not fitted on whose species it predicts. */
  readonly accuracy: number;
  /** Flowers on which it was fitted, and on which it was tested. */
  readonly flowers: { readonly training: number; readonly held: number };
}

let fitted: FittedModel | undefined;

/**
 * The fitted model. The first call fits it, which takes a tenth of a second; all stacks of a
 * process share it.
 */
export function fittedModel(): FittedModel {
  fitted ??= fitOnHalf();
  return fitted;
}

function fitOnHalf(): FittedModel {
  const { training, held } = halves(readIris(), SEED);
  const examples = (flowers: typeof held) => flowers.map(({ features, species }) => ({ features, label: species }));
  const model = new SoftmaxRegression(examples(training));
  return {
    model,
    accuracy: model.accuracy(examples(held)),
    flowers: { training: training.length, held: held.length },
  };
}
