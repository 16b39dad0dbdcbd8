import { irisModel, isIris } from "./iris-model";
import type { ChooseModel, Model } from "./model";

/** Accepts anything, and returns each instance as its own prediction. */
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
 * One model for all instances: Iris if one of them is a flower, so that the others are refused;
 * otherwise echo.
 */
export function modelFor(all: readonly unknown[]): ChooseModel {
  const model = all.length === 0 ? irisModel : irisOrEcho(all);
  return () => model;
}
