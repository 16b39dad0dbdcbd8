/** Documentation of the provider, in the version with which the rules were tried. */
export const PROVIDER = "https://registry.terraform.io/providers/hashicorp/google/6.50.0/docs";

/** Its pages of resources. */
export const REGISTRY = `${PROVIDER}/resources`;
