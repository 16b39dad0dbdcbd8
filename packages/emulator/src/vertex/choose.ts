import { irisModel, isIris } from "./iris-model";
import type { ChooseModel, Model } from "./model";

/** Takes anything, and gives each instance back as its own prediction. */
export const echoModel: Model = {
  title: "Emulator on this machine: echo",
  describe: () =>
    "echo, which gives each instance back as its own prediction; --predict puts a model of yours in its place",
  predict: async (instances) => instances,
};

/**
 * The Iris model for all requests. It refuses what is not a flower, as a model refuses unknown
 * input.
 */
export const alwaysIris: ChooseModel = () => irisModel;

/** Iris for requests with a flower in them, echo for all others. */
export const irisOrEcho: ChooseModel = (instances) => (instances.some(isIris) ? irisModel : echoModel);

/**
 * The same model for all that goes in: Iris if there is a flower among it, so that the rest is
 * refused; otherwise echo.
 */
export function modelFor(all: readonly unknown[]): ChooseModel {
  const model = all.length === 0 ? irisModel : irisOrEcho(all);
  return () => model;
}
