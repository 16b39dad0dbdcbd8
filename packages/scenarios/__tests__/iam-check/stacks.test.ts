import { deepOnly } from "../../../../__tests__/support/deep";
import { synthesized } from "../../../../__tests__/support/synthesized";
import { STACK_NAMES } from "../../../../__tests__/synth/project-copy";
import { checkIam } from "../../src/iam-check/check-iam";
import { type IamSummary, summaryOf } from "../../src/iam-check/report";

const stacks = synthesized();
afterAll(() => stacks.remove());

/** Requirements that Google documents and no run can show. */
const DOCUMENTED: Readonly<Record<string, IamSummary["unproven"]>> = {
  "scheduled-preprocessing": [
    {
      address: expect.stringMatching(/^google_storage_bucket_iam_member\.preprocessing_temp_objectUser-.*launcher/),
      member: expect.stringMatching(/launcher/),
      finding: "documented",
      why: expect.stringMatching(/^Dataflow requires that the launcher of a template/),
      source: expect.stringMatching(/^https:\/\/cloud\.google\.com\/dataflow\/docs\//),
    },
  ],
};

/** So that none is left out. */
const BINDINGS: Readonly<Record<string, number>> = {
  "scheduled-preprocessing": 27,
  "async-batch": 20,
  "task-pipeline": 36,
  "event-workflow": 23,
  "pubsub-fanout": 43,
};

// In npm test own.test.ts has a stack of its own.
deepOnly(() => {
  test.each(STACK_NAMES)(
    "%s: each of its bindings is needed, and none is missing",
    async (name) => {
      const unproven = DOCUMENTED[name] ?? [];
      const summary = summaryOf(await checkIam(stacks.stack(name)));
      expect(summary).toEqual({
        stack: name,
        verdict: "OK",
        bindings: BINDINGS[name] ?? expect.any(Number),
        necessary: summary.bindings - unproven.length,
        unproven,
        missing: [],
        seconds: expect.any(Number),
      });
    },
    300_000,
  );
});
