import type { GoogleService } from "./resource-type";

export const EVENTARC: GoogleService = {
  resources: {},
  agents: [{ domain: "gcp-sa-eventarc", api: "eventarc" }],
};
