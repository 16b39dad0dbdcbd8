import type { Dataset, Model } from "../shared/learning/data";
import { argmax, probabilities } from "../shared/learning/softmax";

export interface Prediction {
  label: string;
  predicted: string;
  /** By class; the values add up to 1. */
  probabilities: Record<string, number>;
}

export interface Metrics {
  rows: number;
  /** Share of the rows that are classified correctly, 0 to 1. */
  accuracy: number;
  classes: string[];
  /**
   * Number of rows by true class (first index) and predicted class (second), in the order of
   * `classes`.
   */
  confusion: number[][];
}

/** Classifies standardised rows. */
export function predictRows(model: Model, { rows }: Dataset): Prediction[] {
  return rows.map(({ x, label }) => {
    const p = probabilities(model, x);
    return {
      label,
      predicted: model.classes[argmax(p)] ?? "",
      probabilities: Object.fromEntries(model.classes.map((name, k) => [name, p[k] ?? 0])),
    };
  });
}

/** Compares predictions with the true classes. */
export function evaluate(classes: readonly string[], predictions: readonly Prediction[]): Metrics {
  const indexes = new Map(classes.map((name, k) => [name, k]));
  const confusion = classes.map(() => classes.map(() => 0));
  for (const { label, predicted } of predictions) {
    const row = confusion[indexes.get(label) ?? -1];
    const at = indexes.get(predicted) ?? -1;
    if (row?.[at] !== undefined) row[at]++;
  }
  const correct = predictions.filter(({ label, predicted }) => label === predicted).length;
  return {
    rows: predictions.length,
    accuracy: correct / predictions.length,
    classes: [...classes],
    confusion,
  };
}
