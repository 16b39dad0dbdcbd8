import type { Dataset, Model } from "../shared/learning/data";
import { argmax, probabilities } from "../shared/learning/softmax";

export interface TrainingOptions {
  /** Most iterations over all rows. */
  maxIterations: number;
  /** Weight of the penalty on squared weights (not on the bias), 0 or more. */
  l2: number;
  /** Training ends when an iteration improves the loss by less than this. */
  tolerance: number;
}

/**
 * Fits a multiclass logistic regression: softmax of linear scores, mean cross-entropy plus `l2 / 2
 * * |weights|²`, full-batch gradient descent from zero.
 *
 * The loss is convex and nothing is random, so the same data give the same model. The step size is
 * one over a bound of the loss's curvature (half the rows' mean square length, bias included), so
 * the loss never rises.
 */
export function fitModel({ rows, features, classes, scaling }: Dataset, options: TrainingOptions): Model {
  const { maxIterations, l2, tolerance } = options;
  const weights = zeros(classes.length, features.length);
  const bias = classes.map(() => 0);
  const targets = rows.map(({ label }) => classes.indexOf(label));
  const meanSquare =
    rows.reduce((sum, { x }) => sum + 1 + x.reduce((square, value) => square + value ** 2, 0), 0) / rows.length;
  const step = 1 / (meanSquare / 2 + l2);
  let loss = Number.POSITIVE_INFINITY;
  let iterations = 0;
  for (; iterations < maxIterations; iterations++) {
    const before = loss;
    const { crossEntropy, errors, errorsByFeature } = evaluate();
    loss = crossEntropy + (l2 / 2) * weights.flat().reduce((sum, weight) => sum + weight ** 2, 0);
    if (before - loss < tolerance) break;
    weights.forEach((row, k) => {
      bias[k] = at(bias, k) - step * at(errors, k);
      row.forEach((weight, j) => {
        row[j] = weight - step * (at(errorsByFeature[k], j) + l2 * weight);
      });
    });
  }
  const correct = rows.filter(({ x }, i) => argmax(probabilities({ weights, bias }, x)) === targets[i]).length;
  return { features, classes, scaling, weights, bias, metrics: { iterations, loss, accuracy: correct / rows.length } };

  /**
   * The gradient without penalty: means over the rows of `p_k - y_k` (bias) and of `(p_k - y_k)
   * x_j` (weights).
   */
  function evaluate() {
    let crossEntropy = 0;
    const errors = classes.map(() => 0);
    const errorsByFeature = zeros(classes.length, features.length);
    rows.forEach(({ x }, i) => {
      const p = probabilities({ weights, bias }, x);
      const target = at(targets, i);
      crossEntropy -= Math.log(Math.max(at(p, target), Number.MIN_VALUE)) / rows.length;
      errorsByFeature.forEach((row, k) => {
        const error = (at(p, k) - (target === k ? 1 : 0)) / rows.length;
        errors[k] = at(errors, k) + error;
        for (let j = 0; j < row.length; j++) row[j] = at(row, j) + error * at(x, j);
      });
    });
    return { crossEntropy, errors, errorsByFeature };
  }
}

function zeros(rows: number, columns: number): number[][] {
  return Array.from({ length: rows }, () => new Array<number>(columns).fill(0));
}

const at = (values: readonly number[] | undefined, i: number): number => values?.[i] ?? 0;
