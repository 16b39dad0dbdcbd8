import type { GoogleService } from "./resource-type";

export const COMPUTE_ENGINE: GoogleService = {
  resources: {},
  agents: [{ domain: "compute-system", api: "compute" }],
};
