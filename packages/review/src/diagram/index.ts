export { type Changes, mermaid } from "./mermaid";
export { overview } from "./overview";
export { svg } from "./svg";
export { type Arrow, type Box, type Kind, type Wired, type Wiring, wiring } from "./wiring";
