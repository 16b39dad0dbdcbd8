import { type CommonEnvironment, connect, type Services } from "./services";
import { type ObjectStore, objectStore } from "./storage";

/** External services of a handler that reads or writes objects. */
export interface StorageServices extends Services {
  /** Cloud Storage. */
  storage: ObjectStore;
}

/** The real services of a function that reads or writes objects. */
export function connectWithStorage(name: string, environment: CommonEnvironment): StorageServices {
  const services = connect(name, environment);
  return { ...services, storage: objectStore(services.google) };
}
