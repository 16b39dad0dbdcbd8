import { regional } from "./names";
import type { GoogleService } from "./resource-type";

export const KMS: GoogleService = {
  resources: {
    google_kms_crypto_key: {
      computed: { id: (a) => `${a.key_ring}/cryptoKeys/${a.name}` },
      iam: { attributes: ["crypto_key_id"], name: "crypto_key_id", resource: (a) => a.crypto_key_id },
    },
    google_kms_key_ring: { computed: { id: (a, d) => `${regional(a, d)}/keyRings/${a.name}` } },
  },
};
