export { VertexStandIn } from "./vertex";
