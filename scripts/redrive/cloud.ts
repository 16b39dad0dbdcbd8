import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { GoogleAuth } from "google-auth-library";
import type { Options } from "./options";
import { type Post, postJson, RedriveError } from "./post";

/** The redrive function of a deployed stack. @throws RedriveError */
export function cloudFunction({ stack, url: given, as }: Options): Post {
  const outputs = given === undefined ? outputsOf(stack) : {};
  const url = given ?? outputs.redrive_url;
  if (url === undefined) throw new RedriveError(`the stack ${stack} has no output redrive_url; give --url`);
  const caller = as ?? outputs.client?.replace(/^serviceAccount:/, "");
  return async (body) => postJson(new URL(url), body, await tokenFor(new URL(url).origin, caller));
}

function outputsOf(stack: string): Record<string, string> {
  const folder = join("cdktf.out", "stacks", stack);
  const { status, stdout, stderr, error } = spawnSync(
    "terraform",
    [`-chdir=${folder}`, "output", "-json", "-no-color"],
    {
      encoding: "utf8",
    },
  );
  if (error)
    throw new RedriveError(
      `terraform, which knows the URL of the function, did not run (${error.message}); give --url`,
    );
  if (status !== 0)
    throw new RedriveError(`terraform does not know the outputs of ${folder}: ${firstError(stderr)}. Give --url`);
  const outputs = JSON.parse(stdout) as Record<string, { value: unknown }>;
  return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, String(value)]));
}

/** Terraform explains an error in many lines, the first of which says what it is. */
function firstError(stderr: string): string {
  return /Error: (.*)/.exec(stderr)?.[1]?.replace(/\.$/, "") ?? stderr.trim().slice(-300);
}

/**
 * An ID token for the function. Without an account to impersonate, gcloud gives that of its own.
 */
async function tokenFor(audience: string, account: string | undefined): Promise<string> {
  const args = account
    ? [`--impersonate-service-account=${account}`, `--audiences=${audience}`, "--include-email"]
    : [];
  const { status, stdout, stderr, error } = spawnSync("gcloud", ["auth", "print-identity-token", ...args], {
    encoding: "utf8",
  });
  if (status === 0) return stdout.trim();
  if (!error) throw new RedriveError(`gcloud gives no token: ${stderr.trim()}`);
  try {
    const client = await new GoogleAuth().getIdTokenClient(audience);
    const headers = await client.getRequestHeaders(audience);
    return String(headers.get("authorization")).replace(/^Bearer /, "");
  } catch (failure) {
    throw new RedriveError(
      `neither gcloud (${error.message}) nor Application Default Credentials (${(failure as Error).message}) give a token`,
    );
  }
}
