/** As the stack's references to it were told. */
export { functionUri } from "@cdktf-serverless-ml/terraform-json";
