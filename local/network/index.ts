export { Network, type NetworkOptions } from "./network";
export { Services } from "./services";
export { type Identity, TokenAuthority } from "./tokens";
