import type { Row, Scaling } from "../shared/learning/data";

/** Mean and standard deviation of each feature. A constant feature gets deviation 1. */
export function fitScaling(rows: readonly Row[], features: number): Scaling {
  const columns = Array.from({ length: features }, (_, j) => rows.map(({ x }) => x[j] ?? 0));
  const mean = columns.map(average);
  const deviation = columns.map((column, j) => {
    const variance = average(column.map((value) => (value - (mean[j] ?? 0)) ** 2));
    return Math.sqrt(variance) || 1;
  });
  return { mean, deviation };
}

/** The z-scores of the rows. */
export function standardise(rows: readonly Row[], { mean, deviation }: Scaling): Row[] {
  return rows.map(({ x, label }) => ({
    x: x.map((value, j) => (value - (mean[j] ?? 0)) / (deviation[j] ?? 1)),
    label,
  }));
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
