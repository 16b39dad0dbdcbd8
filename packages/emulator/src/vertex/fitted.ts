import { halves, readIris } from "./iris";
import { SoftmaxRegression } from "./softmax-regression";

const SEED = 1;

export interface FittedModel {
  readonly model: SoftmaxRegression;
  /** Share of the flowers that it was not fitted on whose species it predicts. */
  readonly accuracy: number;
  /** Flowers on which it was fitted, and on which it was tested. */
  readonly flowers: { readonly training: number; readonly held: number };
}

let fitted: FittedModel | undefined;

/** Fitted when somebody first asks, as that takes a tenth of a second; the same for all stacks of a process. */
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
