import type { GoogleApi } from "../../functions/shared/google-api";
import { objectStore } from "../../functions/shared/storage";
import type { StorageServices } from "../../functions/shared/storage-services";

/**
 * When a function dies: at which of all its requests, before it is sent or after it had its effect.
 */
export interface Death {
  readonly at: number;
  readonly when: "before" | "after";
}

/**
 * Services of a function that dies. From then on no request of that delivery has an effect, until
 * `revive`: the next delivery reaches another instance.
 */
export class Mortal {
  /** Requests of all deliveries. */
  requests = 0;
  readonly services: StorageServices;
  private dead = false;

  /** @param deaths default: none */
  constructor(
    services: StorageServices,
    private readonly deaths: readonly Death[] = [],
  ) {
    const google: GoogleApi = async <T>(request: Parameters<GoogleApi>[0]) => {
      if (this.dead) throw new Error("The function is dead");
      const at = ++this.requests;
      this.die(at, "before");
      const answer = await services.google<T>(request);
      this.die(at, "after");
      return answer;
    };
    this.services = { ...services, google, storage: objectStore(google) };
  }

  revive(): void {
    this.dead = false;
  }

  private die(at: number, when: Death["when"]): void {
    if (!this.deaths.some((death) => death.at === at && death.when === when)) return;
    this.dead = true;
    throw new Error("The function dies");
  }
}
