import * as v from "valibot";

const vector = v.array(v.number());

/** Rows with numeric features and a class. */
export const datasetSchema = v.object({
  /** Names of the features, in the rows' order. */
  features: v.pipe(v.array(v.string()), v.minLength(1)),
  /** All classes of the whole data set, sorted. */
  classes: v.pipe(v.array(v.string()), v.minLength(2)),
  /** Standardisation of the rows: `x = (raw - mean) / deviation`, feature by feature. */
  scaling: v.object({ mean: vector, deviation: vector }),
  rows: v.pipe(v.array(v.object({ x: vector, label: v.string() })), v.minLength(1)),
});

export type Dataset = v.InferOutput<typeof datasetSchema>;
export type Scaling = Dataset["scaling"];
export type Row = Dataset["rows"][number];

/** A multiclass logistic regression on standardised features. */
export const modelSchema = v.object({
  features: v.array(v.string()),
  classes: v.array(v.string()),
  scaling: v.object({ mean: vector, deviation: vector }),
  /** One weight per class and feature. */
  weights: v.array(vector),
  /** One per class. */
  bias: vector,
  metrics: v.object({
    /** Iterations until the loss converged. */
    iterations: v.number(),
    /** Mean cross-entropy in nats on the training rows, penalty included. */
    loss: v.number(),
    /** Share of the training rows that are classified correctly, 0 to 1. */
    accuracy: v.number(),
  }),
});

export type Model = v.InferOutput<typeof modelSchema>;
