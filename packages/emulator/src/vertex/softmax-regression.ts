const STEPS = 300;
const LEARNING_RATE = 0.5;
/** Keeps the weights small, so that probabilities stay modest about few flowers. */
const DECAY = 1e-3;

export interface Example {
  readonly features: readonly number[];
  readonly label: string;
}

/**
 * Multinomial logistic regression on standardized features, fitted by gradient descent on all
 * examples at once.
 */
export class SoftmaxRegression {
  readonly labels: readonly string[];
  private readonly means: readonly number[];
  private readonly deviations: readonly number[];
  /** For each label, one weight a feature and the intercept last. */
  private weights: number[][];

  constructor(examples: readonly Example[]) {
    this.labels = [...new Set(examples.map(({ label }) => label))].sort();
    const columns = examples[0]?.features.map((_, at) => examples.map(({ features }) => features[at] as number)) ?? [];
    this.means = columns.map(mean);
    this.deviations = columns.map((column, at) => {
      const center = this.means[at] as number;
      return Math.sqrt(mean(column.map((value) => (value - center) ** 2))) || 1;
    });
    this.weights = this.labels.map(() => Array(columns.length + 1).fill(0));
    const inputs = examples.map(({ features, label }) => ({ input: this.standardized(features), label }));
    for (let step = 0; step < STEPS; step++) this.descend(inputs);
  }

  /** Of each label, in the order of `labels`; they add up to 1. */
  probabilities(features: readonly number[]): number[] {
    return this.probabilitiesOf(this.standardized(features));
  }

  predict(features: readonly number[]): string {
    const probabilities = this.probabilities(features);
    return this.labels[probabilities.indexOf(Math.max(...probabilities))] ?? "";
  }

  /** Share of the examples whose label is the likeliest. */
  accuracy(examples: readonly Example[]): number {
    return mean(examples.map(({ features, label }) => (this.predict(features) === label ? 1 : 0)));
  }

  private probabilitiesOf(input: readonly number[]): number[] {
    const scores = this.weights.map((weights) => {
      let score = 0;
      for (let at = 0; at < weights.length; at++) score += (weights[at] as number) * (input[at] as number);
      return score;
    });
    const largest = Math.max(...scores);
    const powers = scores.map((score) => Math.exp(score - largest));
    const total = sum(powers);
    return powers.map((power) => power / total);
  }

  private descend(examples: readonly { readonly input: readonly number[]; readonly label: string }[]): void {
    const gradients = this.weights.map((weights) => weights.map((weight) => DECAY * weight));
    for (const { input, label } of examples) {
      const probabilities = this.probabilitiesOf(input);
      for (const [of, gradient] of gradients.entries()) {
        const error = ((probabilities[of] as number) - (this.labels[of] === label ? 1 : 0)) / examples.length;
        for (let at = 0; at < gradient.length; at++)
          gradient[at] = (gradient[at] as number) + error * (input[at] as number);
      }
    }
    this.weights = this.weights.map((weights, of) =>
      weights.map((weight, at) => weight - LEARNING_RATE * (gradients[of]?.[at] as number)),
    );
  }

  /** With a 1 at the end, for the intercept. */
  private standardized(features: readonly number[]): number[] {
    return [...features.map((value, at) => (value - (this.means[at] as number)) / (this.deviations[at] as number)), 1];
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;
