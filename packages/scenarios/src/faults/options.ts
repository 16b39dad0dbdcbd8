import { randomInt } from "node:crypto";
import { FlagError, wholeFlag } from "@cdktf-serverless-ml/cli";
import { MAX_SEED } from "./hash";

/** Of the command line, as it is given there. */
export interface FaultFlags {
  readonly faults?: boolean;
  readonly seed?: string;
  readonly inputs?: string;
  readonly "real-time"?: boolean;
}

export interface FaultSettings {
  readonly seed: number;
  readonly inputs: number;
  readonly realTime: boolean;
}

const DEFAULT_INPUTS = 100;
const MAX_INPUTS = 100_000;

/** @returns undefined without --faults; a random seed where none is given. @throws FlagError */
export function faultSettings({ faults, seed, inputs, "real-time": realTime }: FaultFlags): FaultSettings | undefined {
  if (!faults) {
    const [alone] = Object.entries({ seed, inputs, "real-time": realTime }).filter(([, value]) => value !== undefined);
    if (alone) throw new FlagError(`Given --${alone[0]} without --faults; allowed: both, or neither`);
    return undefined;
  }
  return {
    seed: seed === undefined ? randomInt(MAX_SEED + 1) : wholeFlag("seed", seed, 0, MAX_SEED),
    inputs: inputs === undefined ? DEFAULT_INPUTS : wholeFlag("inputs", inputs, 1, MAX_INPUTS),
    realTime: realTime ?? false,
  };
}
