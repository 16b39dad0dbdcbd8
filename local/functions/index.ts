export { FunctionHost, type FunctionHostOptions } from "./host";
export { functionUri } from "./uri";
