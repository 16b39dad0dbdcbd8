export { alwaysIris, irisOrEcho, modelFor } from "./choose";
export { dedicatedHosts } from "./endpoints";
export type { ChooseModel, Model } from "./model";
export { ModelError, readModel } from "./user-model";
export { VertexEmulator } from "./vertex";
