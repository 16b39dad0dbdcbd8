export { counted } from "./counted";
export { endWithOthers } from "./ending";
export { FlagError, readFlags, takeNoArguments } from "./flags";
