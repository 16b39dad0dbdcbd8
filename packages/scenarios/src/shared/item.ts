export { type Item, itemOf } from "@cdktf-serverless-ml/emulator";
