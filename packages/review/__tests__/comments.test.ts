import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Value } from "../src/change";
import { KNOWLEDGE } from "../src/knowledge";
import { commentOf, commentOn, plan } from "./support";

const COMMENTS = join(__dirname, "comments");
const names = (folder: string, end: string) =>
  readdirSync(join(__dirname, folder))
    .filter((file) => file.endsWith(end))
    .map((file) => file.slice(0, -end.length));
const expected = (name: string) => readFileSync(join(COMMENTS, `${name}.md`), "utf8");
const all = names("comments", ".md").map(expected).join("\n");

describe("the comment on a plan that Terraform made", () => {
  test.each(names("fixtures/plans", ".json"))("%s", (name) => {
    if (process.env.UPDATE_COMMENTS) writeFileSync(join(COMMENTS, `${name}.md`), commentOn(name));
    expect(commentOn(name)).toBe(expected(name));
  });

  test("there is one for each plan", () => {
    expect(names("comments", ".md")).toEqual(names("fixtures/plans", ".json"));
  });
});

test("each hazard that is known is in a comment", () => {
  const notes = Object.values(KNOWLEDGE).flatMap((each) => each.notes ?? []);
  expect(notes.length).toBeGreaterThan(15);
  expect(notes.filter(({ text }) => !all.includes(text)).map(({ text }) => text)).toEqual([]);
});

describe("grants that widen", () => {
  const widening = (name: string, change: Record<string, string>) => {
    const json = structuredClone(plan(name));
    const isGrant = ({ type }: { type: string }) => type.includes("_iam_");
    Object.assign(json.resource_changes.find(isGrant).change.after, change);
    const row = commentOf(json)
      .split("\n")
      .find((line) => line.includes(" gains |"));
    return row?.split(" | ").at(-1)?.replace(/ ?\|$/, "");
  };

  test.each([
    ["roles/owner", "a basic role: access to nearly all services"],
    ["roles/viewer", "a basic role: access to nearly all services"],
    ["roles/iam.serviceAccountTokenCreator", "may act as the service account (tokens)"],
    ["roles/iam.serviceAccountOpenIdTokenCreator", "may act as the service account (identity tokens)"],
    ["roles/iam.serviceAccountUser", "may act as the service account (attach it to resources)"],
    ["roles/iam.serviceAccountKeyAdmin", "may act as the service account (keys)"],
    ["roles/iam.serviceAccountAdmin", "may let others act as the service account"],
    ["roles/iam.workloadIdentityUser", "may act as the service account (workload identity)"],
    ["roles/iam.securityAdmin", "may grant any role"],
    ["roles/resourcemanager.projectIamAdmin", "may grant any role"],
    ["roles/pubsub.admin", "an administrator role"],
    ["roles/storage.legacyBucketOwner", "an administrator role"],
    ["roles/pubsub.publisher", ""],
  ])("%s: %s", (role, why) => {
    expect(widening("iam-impersonation", { role })).toBe(why);
  });

  test("all reasons are listed", () => {
    expect(widening("iam-primitive", { member: "allUsers" })).toBe(
      "everyone on the internet; a basic role: access to nearly all services; on the whole project",
    );
  });
});

describe("parts of plans that terraform_data does not have", () => {
  test("a deposed object is named as such, and is never a rename", () => {
    const json = structuredClone(plan("rename"));
    json.resource_changes[1].deposed = "a1b2c3d4";
    const text = commentOf(json);
    expect(text).toContain("It was left behind when an earlier replacement failed halfway (a deposed object).");
    expect(text).not.toContain("moveFromId");
  });

  test("resources of modules find their configuration", () => {
    const json: Record<string, Value> = structuredClone(plan("iam-unknown-member"));
    const [change] = json.resource_changes.filter(({ type }: { type: string }) => type.includes("_iam_"));
    change.address = `module.grants["a.b"].${change.address}`;
    json.configuration = { root_module: { module_calls: { grants: { module: json.configuration.root_module } } } };
    expect(commentOf(json)).toContain("| gains | `google_service_account.fresh.member` |");
  });
});

test("docs/review.md ends with the comment on its example", () => {
  const page = readFileSync(join(__dirname, "..", "..", "..", "docs", "review.md"), "utf8");
  expect(page.split("<!-- packages/review/__tests__/comments/branch.md -->\n")[1]).toBe(expected("branch"));
});
