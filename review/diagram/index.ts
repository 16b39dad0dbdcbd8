export { type Changes, mermaid } from "./mermaid";
export { type Arrow, type Box, type Kind, type Wired, type Wiring, wiring } from "./wiring";
