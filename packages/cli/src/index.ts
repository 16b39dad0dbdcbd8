export { counted } from "./counted";
export { endWithOthers } from "./ending";
export { FlagError, type Flags, readFlags, takeNoArguments, wholeFlag } from "./flags";
export { userPath, userProgram } from "./user-path";
