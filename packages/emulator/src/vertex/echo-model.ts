import type { Model } from "./model";

/** Takes anything, and gives each instance back as its own prediction. */
export const echoModel: Model = {
  title: "Emulator on this machine: echo",
  describe: () =>
    "echo, which gives each instance back as its own prediction; --predict puts a model of yours in its place",
  predict: async (instances) => instances,
};
