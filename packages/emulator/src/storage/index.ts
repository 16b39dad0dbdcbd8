export { agent as storageAgent } from "./notifications";
export { ObjectStore } from "./object-store";
export { PUBLIC_OBJECTS } from "./public-objects";
export { StorageEmulator } from "./storage";
export type { StoredObject } from "./stored-object";
