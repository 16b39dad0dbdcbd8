import type { Network } from "../../src/network";
import { cloudWorkflows } from "../../src/workflows";
import { ACCOUNT, result, run, startNetwork } from "../network/support";
import { context } from "../support/context";
import { workflowResource } from "./run";

// @google-cloud/workflows, unchanged and without options, against the emulator.

const WORKFLOW = "projects/acme-ml/locations/us-central1/workflows/w";
const around = context();
let network: Network;

beforeAll(async () => {
  const source =
    "main:\n  params: [a]\n  steps:\n    - s:\n        switch:\n          - condition: ${a.fail}\n            raise: {code: 7}\n    - r:\n        return: ${a.n + 1}";
  const workflows = cloudWorkflows.create(around, [workflowResource(source, { project: "acme-ml" })]);
  ({ network } = await startNetwork());
  network.services.add(workflows);
});
afterAll(() => network.stop());

const program = (options: string) => `
  const { ExecutionsClient } = require("@google-cloud/workflows");
  const client = new ExecutionsClient(${options});
  (async () => {
    const start = (argument) => client.createExecution({ parent: "${WORKFLOW}", execution: { argument: JSON.stringify(argument) } });
    const [made] = await start({ n: 1, fail: false });
    const [done] = await client.getExecution({ name: made.name });
    const [other] = await start({ fail: true });
    const [failed] = await client.getExecution({ name: other.name });
    const [listed] = await client.listExecutions({ parent: "${WORKFLOW}" });
    const wrong = await client.createExecution({ parent: "${WORKFLOW}", execution: { argument: "{" } }).catch((error) => error.code);
    const missing = await client.getExecution({ name: made.name + "0" }).catch((error) => error.code);
    console.log(JSON.stringify([made.name.startsWith("${WORKFLOW}/executions/"), done.state, done.result, Number(done.startTime.seconds),
      failed.state, failed.error.payload, failed.error.stackTrace.elements.length, listed.length, wrong, missing]));
    process.exit();
  })().catch((error) => { console.error(error); process.exit(1); });`;

test.each([
  ["gRPC", "", 3, 5],
  ["REST", "{ fallback: true }", 400, 404],
])("over %s", async (_, options, invalid, missing) => {
  const listed = around.hops.filter(({ status }) => status === "ACTIVE").length + 2;
  expect(result(await run(network, program(options), { email: ACCOUNT }))).toEqual([
    true,
    "SUCCEEDED",
    "2",
    around.clock.now() / 1000,
    "FAILED",
    '{"code":7}',
    1,
    listed,
    invalid,
    missing,
  ]);
});
