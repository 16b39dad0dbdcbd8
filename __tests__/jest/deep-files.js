// Files that `npm run test:deep` alone runs: they start whole stacks, or processes by the dozen, for what other files of
// `npm test` run in a shorter form. `__tests__/support/deep.ts` is for single tests.
module.exports = [
  "__tests__/functions/fuzz-messages.test.ts",
  "__tests__/functions/fuzz.test.ts",
  "__tests__/pipelines/flowers.test.ts",
  "__tests__/synth/own-worker.test.ts",
  "__tests__/workers/local-run.test.ts",
  "packages/emulator/__tests__/functions/burst.test.ts",
  "packages/emulator/__tests__/machine/every-option.test.ts",
  "packages/emulator/__tests__/network/pull-worker.test.ts",
  "packages/scenarios/__tests__/drive/drive.test.ts",
  "packages/scenarios/__tests__/faults/planted.test.ts",
  "packages/scenarios/__tests__/for-each/for-each.test.ts",
  "packages/scenarios/__tests__/iam-check/check-iam.test.ts",
  "packages/scenarios/__tests__/iam-check/mutation-run.test.ts",
  "packages/scenarios/__tests__/patterns/generated.test.ts",
  "packages/scenarios/__tests__/patterns/runs.test.ts",
  "packages/scenarios/__tests__/run/container-workers.test.ts",
  "packages/scenarios/__tests__/run/dedicated-endpoint.test.ts",
  "packages/scenarios/__tests__/run/machine.test.ts",
  "packages/scenarios/__tests__/run/predict.test.ts",
  "packages/scenarios/__tests__/run/propagation.test.ts",
];
