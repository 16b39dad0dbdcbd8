export { dedicatedHosts } from "./endpoints";
export { VertexStandIn } from "./vertex";
