import { readReport } from "../../scripts/scan/checkov";
import { type Claim, claimsOf, disagreements } from "../../scripts/scan/page";

const finding = (check_id: string, resource: string) => ({
  check_id,
  check_name: `asks for ${check_id}`,
  file_path: "/async-batch/cdk.tf.json",
  resource,
});

const report = {
  results: {
    passed_checks: [finding("CKV_GCP_29", "a"), finding("CKV_GCP_29", "b")],
    failed_checks: [finding("CKV_GCP_62", "b"), finding("CKV_GCP_62", "a"), finding("CKV_GCP_114", "a")],
  },
  summary: { parsing_errors: 0 },
};

test("a report counts what passes and names what fails, by number of the check", () => {
  expect(readReport(report)).toEqual([
    { id: "CKV_GCP_29", asks: "asks for CKV_GCP_29", passed: 2, failed: [] },
    { id: "CKV_GCP_62", asks: "asks for CKV_GCP_62", passed: 0, failed: ["async-batch a", "async-batch b"] },
    { id: "CKV_GCP_114", asks: "asks for CKV_GCP_114", passed: 0, failed: ["async-batch a"] },
  ]);
});

test.each<[string, unknown]>([
  ["it has no results", { passed: 0, failed: 0 }],
  ["checkov could not parse 2 files", { ...report, summary: { parsing_errors: 2 } }],
])("a report that says nothing is an error: %s", (message, given) => {
  expect(() => readReport(given)).toThrow(message);
});

test("the page's rows are read, and a cell that says neither is an error", () => {
  const page = (shipped: string) =>
    `| check | asks | as shipped | options on |\n| \`CKV_GCP_62\` | logs | ${shipped} | passes | |`;
  expect(claimsOf(page("fails: 13"))).toEqual([{ id: "CKV_GCP_62", shipped: 13, hardened: 0 }]);
  expect(() => claimsOf(page("mostly"))).toThrow(
    'docs/security.md says of CKV_GCP_62 "mostly"; allowed is "passes" or "fails: <number>"',
  );
});

test("where page and scanner differ, the check, the numbers and the resources are named", () => {
  const results = readReport(report);
  const right: Claim[] = [
    { id: "CKV_GCP_29", shipped: 0, hardened: 0 },
    { id: "CKV_GCP_62", shipped: 2, hardened: 0 },
    { id: "CKV_GCP_114", shipped: 1, hardened: 0 },
  ];
  expect(disagreements(right, results, [])).toEqual([]);
  const [first, second] = right as [Claim, Claim];
  expect(disagreements([first, { ...second, shipped: 1 }, { ...first, id: "CKV_GCP_1" }], results, results)).toEqual([
    "CKV_GCP_114 is not on the page",
    "CKV_GCP_1 is on the page, but checks nothing here",
    "CKV_GCP_62, as shipped: the page says 1 fail, checkov 2\n    async-batch a\n    async-batch b",
    "CKV_GCP_62, with every option on: the page says 0 fail, checkov 2\n    async-batch a\n    async-batch b",
  ]);
});
