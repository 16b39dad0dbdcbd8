export { secretsOf } from "./plan";
