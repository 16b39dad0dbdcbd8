import { echoModel } from "./echo-model";
import { irisModel, isIris } from "./iris-model";
import type { ChooseModel } from "./model";

/** Iris for whatever it is asked: what is no flower is refused, as a model refuses what it does not know. */
export const alwaysIris: ChooseModel = () => irisModel;

/** Iris for requests with a flower in them, echo for all others. */
export const irisOrEcho: ChooseModel = (instances) => (instances.some(isIris) ? irisModel : echoModel);

/** The same model for all that goes in: Iris if there is a flower among it, so that the rest is refused; otherwise echo. */
export function modelFor(all: readonly unknown[]): ChooseModel {
  const model = all.length === 0 ? irisModel : irisOrEcho(all);
  return () => model;
}
