import type { GoogleStack } from "../../lib/parts/google-stack";
import { byType, type Json, synthesized } from "./support";

/** Who gets which role on what, in names that people know rather than in Terraform's references. */
export interface Grant {
  readonly who: string;
  readonly role: string;
  readonly on: string;
}

/** What a grant is on, by the type of its resource. */
const TARGETS: Readonly<Record<string, { readonly what: string; readonly field: string }>> = {
  google_cloud_run_v2_job_iam_member: { what: "job", field: "name" },
  google_cloud_run_v2_service_iam_member: { what: "function", field: "name" },
  google_cloud_tasks_queue_iam_member: { what: "queue", field: "name" },
  google_kms_crypto_key_iam_member: { what: "key", field: "crypto_key_id" },
  google_project_iam_member: { what: "project", field: "project" },
  google_pubsub_subscription_iam_member: { what: "subscription", field: "subscription" },
  google_pubsub_topic_iam_member: { what: "topic", field: "topic" },
  google_secret_manager_secret_iam_member: { what: "secret", field: "secret_id" },
  google_service_account_iam_member: { what: "service account", field: "service_account_id" },
  google_storage_bucket_iam_member: { what: "bucket", field: "bucket" },
};

const NAME_FIELDS = ["account_id", "role_id", "name"];

/**
 * Reads every grant of a stack's JSON.
 *
 * @throws Error for a kind of grant that has no row in the table above
 */
function grantsOf(json: Json): Grant[] {
  return Object.keys((json.resource as Json | undefined) ?? {})
    .filter((type) => type.includes("_iam_") && type !== "google_project_iam_custom_role")
    .flatMap((type) => {
      const target = TARGETS[type];
      if (!target) throw new Error(`${type} is no kind of grant that is known here`);
      return Object.values(byType(json, type)).map((grant) => ({
        who: readableMember(json, String(grant.member)),
        role: readableRole(json, String(grant.role)) + readableCondition(grant.condition as Json | undefined),
        on: `${target.what} ${resolved(json, String(grant[target.field]))}`,
      }));
    })
    .sort((a, b) => (lineOf(a) < lineOf(b) ? -1 : 1));
}

/** `who | role | on` of each grant, of those only whose line has the given words. */
export function grantLines(stack: GoogleStack, words = ""): string[] {
  return grantsOf(synthesized(stack))
    .map(lineOf)
    .filter((line) => line.includes(words));
}

/** The page that people review: every grant of a stack, with its conditions and custom roles. */
export function iamPage(name: string, json: Json): string {
  const accounts = Object.values(byType(json, "google_service_account"));
  const conditions = Object.values(byType(json, "google_project_iam_member")).flatMap(({ condition }) =>
    condition ? [condition as Json] : [],
  );
  const roles = Object.values(byType(json, "google_project_iam_custom_role"));
  return [
    `# Who may do what in ${name}`,
    "",
    "Written from the synthesized JSON by `UPDATE_IAM_TABLES=1 npx jest stacks`, and compared with it by every test run.",
    "",
    ...table(
      ["service account", "what it does"],
      accounts.map(({ account_id, description }) => [account_id, description]),
    ),
    ...table(
      ["who", "role", "on what"],
      grantsOf(json).map(({ who, role, on }) => [who, role, on]),
    ),
    ...table(
      ["condition", "expression"],
      conditions.map(({ title, expression }) => [title, String(expression).replaceAll("||", "or")]),
    ),
    ...table(
      ["custom role", "permissions"],
      roles.map(({ role_id, permissions }) => [role_id, (permissions as string[]).join(", ")]),
    ),
  ].join("\n");
}

/** Rows in order under a head, in columns of one width; nothing where there are no rows. */
function table(head: readonly string[], rows: readonly (readonly unknown[])[]): string[] {
  if (rows.length === 0) return [];
  const cells = [head, ...rows.map((row) => row.map(String)).sort((a, b) => (a.join() < b.join() ? -1 : 1))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[], fill = " ") =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill)).join(" | ")} |`;
  const [first, ...others] = cells.map((row) => line(row));
  return [String(first), line(["", "", ""].slice(0, head.length), "-"), ...others, ""];
}

function lineOf({ who, role, on }: Grant): string {
  return `${who} | ${role} | ${on}`;
}

function readableMember(json: Json, member: string): string {
  const agent = /^serviceAccount:service-\$\{data\.google_project\..*\.number\}@(.*)\.iam\.gserviceaccount\.com$/.exec(
    member,
  );
  if (agent) return `service agent ${agent[1]}`;
  if (/^\$\{data\.google_storage_project_service_account\..*\.member\}$/.test(member))
    return "service agent of storage";
  return resolved(json, member);
}

function readableRole(json: Json, role: string): string {
  return role.startsWith("${") ? `custom role ${resolved(json, role)}` : role;
}

function readableCondition(condition: Json | undefined): string {
  return condition ? ` if ${condition.title}` : "";
}

/** Replaces a reference to a resource by the resource's name. */
function resolved(json: Json, text: string): string {
  return text.replace(/\$\{([a-z0-9_]+)\.([^.}]+)\.[^}]+\}/g, (reference, type: string, id: string) => {
    const resource = byType(json, type)[id];
    const field = NAME_FIELDS.find((candidate) => resource?.[candidate] !== undefined);
    if (!resource || !field) throw new Error(`${reference} refers to nothing that has a name`);
    return String(resource[field]);
  });
}
