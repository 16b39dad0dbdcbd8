import type { Emulator } from "../core/emulator";
import { simulated } from "./configuration";
import { ObjectStore } from "./object-store";
import { StorageRest } from "./rest";

/** Cloud Storage: the object store and its REST API. */
export class StorageEmulator extends ObjectStore implements Emulator {
  static readonly simulated = simulated;

  readonly rest = [new StorageRest(this)];
  readonly grpc = [];
}
