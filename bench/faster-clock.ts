import { type Clock, RealClock } from "@cdktf-serverless-ml/emulator";

/** A clock that runs faster than real time by this factor. */
export function faster(factor: number): Clock {
  const real = new RealClock();
  const begin = real.now();
  return {
    now: () => begin + (real.now() - begin) * factor,
    at: (time, work) => real.at(begin + (time - begin) / factor, work),
  };
}
