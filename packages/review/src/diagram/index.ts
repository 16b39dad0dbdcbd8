export { layOut } from "./layout";
export { type Changes, mermaid } from "./mermaid";
export type { Arrow, Box, Kind, Wired, Wiring } from "./model";
export { overview } from "./overview";
export { arrowPaths, boxPath } from "./paths";
export { svg } from "./svg";
export { wiring } from "./wiring";
