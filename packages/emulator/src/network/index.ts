export { Network, type NetworkOptions } from "./network";
export type { Service } from "./services";
export { type Identity, TokenAuthority } from "./tokens";
