import * as v from "valibot";
import { PermanentError } from "../../../../../functions/shared/errors";
import { objectPath } from "../../../../../functions/shared/object-path";
import type { StepContext } from "../../../../../functions/shared/pipeline/context";
import { type StepEnvironment, stepEnvironmentSchema } from "../../../../../functions/shared/pipeline/environment";
import type { Outputs } from "../../../../../functions/shared/pipeline/marker";
import { pipelineStep } from "../../../../../functions/shared/pipeline/step";
import { start } from "../../../../../functions/shared/start";
import { connectWithStorage } from "../../../../../functions/shared/storage-services";

const parametersOf = ({ RUN_BUCKET }: StepEnvironment) =>
  v.object({ input: objectPath(RUN_BUCKET, { prefix: "inputs/", extensions: [".csv"] }) });

type Context = StepContext<v.InferOutput<ReturnType<typeof parametersOf>>>;

const row = v.tuple([v.number(), v.number()]);

/**
 * `preprocess` reads a table, `score` adds up one row of it, `evaluate` reads the last score.
 * `rates` gives learning rates, `best` takes the best of the models.
 */
const works: Record<string, (context: Context) => Promise<Outputs>> = {
  preprocess: async ({ parameters, read, write }) => {
    const [, ...lines] = (await read(parameters.input, 8 * 1024 ** 2)).toString().trim().split("\n");
    const rows = lines.map((line) => line.split(",").slice(0, 2).map(Number));
    if (rows.flat().some(Number.isNaN)) throw new PermanentError("invalid_rows", "A row holds no numbers");
    return { rows: await write("rows.json", JSON.stringify(rows)) };
  },
  score: async ({ element, write }) => {
    const [length, width] = v.parse(row, element);
    const score = length + width;
    return { score, file: await write("score.json", JSON.stringify({ score })) };
  },
  evaluate: async ({ output, readOutput }) => {
    const scores = v.parse(v.array(v.number()), output("score"));
    const last = await readOutput("file", v.object({ score: v.number() }), scores.length - 1);
    return { rows: scores.length, last: last.score };
  },
  rates: async () => ({ rates: [0.5, 0.2, 0.1] }),
  best: async ({ output }) => {
    const accuracies = v.parse(v.array(v.nullable(v.number())), output("accuracy"));
    return { accuracies: accuracies.join(), best: Math.max(...accuracies.map((one) => one ?? 0)) };
  },
};

export const handler = start(stepEnvironmentSchema, (environment) =>
  pipelineStep({
    environment,
    services: connectWithStorage("for-each-step", environment),
    parameters: parametersOf(environment),
    work: async (context) => (await works[context.step]?.(context)) ?? {},
  }),
);
