export { whenProcessEnds } from "../core/when-process-ends";
export { Network, type NetworkOptions } from "./network";
export { type Service, Services } from "./services";
export { type Identity, TokenAuthority } from "./tokens";
