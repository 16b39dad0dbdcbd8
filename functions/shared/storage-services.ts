import { type CommonEnvironment, connect, type Services } from "./services";
import { type ObjectStore, objectStore } from "./storage";

export interface StorageServices extends Services {
  storage: ObjectStore;
}

/** The real services of a function that reads or writes objects. */
export function connectWithStorage(name: string, environment: CommonEnvironment): StorageServices {
  const services = connect(name, environment);
  return { ...services, storage: objectStore(services.google) };
}
