import { Storage } from "@google-cloud/storage";
import { googleApi } from "./google-api";
import { createLog } from "./log";
import type { Services } from "./services";
import { type ObjectStore, objectStore } from "./storage";

export interface StorageServices extends Services {
  storage: ObjectStore;
}

/** The real services of a function that reads or writes objects. One login serves storage and the other APIs. */
export function connectWithStorage(name: string, environment: { GOOGLE_CLOUD_PROJECT?: string }): StorageServices {
  const storage = new Storage({ projectId: environment.GOOGLE_CLOUD_PROJECT, retryOptions: { autoRetry: false } });
  return {
    name,
    google: googleApi(storage.authClient),
    storage: objectStore(storage),
    log: createLog({ component: name }),
    project: environment.GOOGLE_CLOUD_PROJECT,
  };
}
