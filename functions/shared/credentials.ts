import type { Compute } from "google-auth-library/build/src/auth/computeclient.js";
import type { AuthorizedClient } from "./google-api";

const SCOPE = "https://www.googleapis.com/auth/cloud-platform";

/**
 * Sends requests as the service account that the function runs as, of which the metadata server
 * tells.
 *
 * The library is most of a bundle's code. It is loaded once the function listens: while the first
 * request is on its way, at the latest when it is needed.
 */
export function ownCredentials(): AuthorizedClient {
  let loading: Promise<Compute> | undefined;
  const load = () => {
    loading ??= compute();
    return loading;
  };
  // A failure is reported by the request that needs it.
  setImmediate(() => load().catch(() => {}));
  return {
    async request<T>(options: Parameters<AuthorizedClient["request"]>[0]) {
      return (await load()).request<T>(options);
    },
  };
}

async function compute(): Promise<Compute> {
  // Of its own file: the package's index would load every other kind of credentials.
  const { Compute } = await import("google-auth-library/build/src/auth/computeclient.js");
  return new Compute({ scopes: SCOPE });
}
