import type { Dataset, Model } from "../shared/learning/data";
import { argmax, probabilities } from "../shared/learning/softmax";

export interface TrainingOptions {
  /** Step of the gradient descent, above 0. */
  learningRate: number;
  /** Most iterations over all rows. */
  maxIterations: number;
  /** Weight of the penalty on squared weights (not on the bias), 0 or more. */
  l2: number;
  /** Ends when the loss improves by less than this. */
  tolerance: number;
}

/**
 * Fits a multiclass logistic regression: softmax of linear scores, mean cross-entropy plus `l2 / 2 * |weights|²`, full-batch
 * gradient descent from zero. The loss is convex and nothing is random, so the same data give the same model.
 */
export function fitModel({ rows, features, classes, scaling }: Dataset, options: TrainingOptions): Model {
  const weights = classes.map(() => features.map(() => 0));
  const bias = classes.map(() => 0);
  const targets = rows.map(({ label }) => classes.indexOf(label));
  let loss = Number.POSITIVE_INFINITY;
  let iterations = 0;
  while (iterations < options.maxIterations) {
    const predicted = rows.map(({ x }) => probabilities({ weights, bias }, x));
    const before = loss;
    loss = penalised(meanCrossEntropy(predicted, targets), weights, options.l2);
    if (before - loss < options.tolerance) break;
    descend(predicted);
    iterations++;
  }
  return { features, classes, scaling, weights, bias, metrics: { iterations, loss, accuracy: accuracy() } };

  /** One step against the gradient. Its part for class k is the mean of (p_k - y_k) x, plus the penalty's. */
  function descend(predicted: readonly number[][]): void {
    weights.forEach((row, k) => {
      const errors = predicted.map((p, i) => (p[k] ?? 0) - (targets[i] === k ? 1 : 0));
      row.forEach((weight, j) => {
        const gradient = mean(rows.map(({ x }, i) => (errors[i] ?? 0) * (x[j] ?? 0)));
        row[j] = weight - options.learningRate * (gradient + options.l2 * weight);
      });
      bias[k] = (bias[k] ?? 0) - options.learningRate * mean(errors);
    });
  }

  function accuracy(): number {
    return mean(rows.map(({ x }, i) => (argmax(probabilities({ weights, bias }, x)) === targets[i] ? 1 : 0)));
  }
}

function meanCrossEntropy(predicted: readonly number[][], targets: readonly number[]): number {
  return mean(predicted.map((p, i) => -Math.log(Math.max(p[targets[i] ?? 0] ?? 0, Number.MIN_VALUE))));
}

function penalised(loss: number, weights: readonly number[][], l2: number): number {
  return loss + (l2 / 2) * weights.flat().reduce((sum, weight) => sum + weight ** 2, 0);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
