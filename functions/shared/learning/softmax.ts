import type { Model } from "./data";

/** Probability of each class for one standardised row; they add up to 1. */
export function probabilities({ weights, bias }: Pick<Model, "weights" | "bias">, x: readonly number[]): number[] {
  const scores = weights.map((row, k) => row.reduce((sum, weight, j) => sum + weight * (x[j] ?? 0), bias[k] ?? 0));
  const highest = Math.max(...scores);
  const exponentials = scores.map((score) => Math.exp(score - highest));
  const total = exponentials.reduce((sum, value) => sum + value, 0);
  return exponentials.map((value) => value / total);
}

/** Index of the largest value. */
export function argmax(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}
