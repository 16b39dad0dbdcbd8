import type * as v from "valibot";
import { stepEnvironmentSchema } from "../shared/pipeline/environment";

export const environmentSchema = stepEnvironmentSchema;

export type PipelinePreprocessEnvironment = v.InferInput<typeof environmentSchema>;
