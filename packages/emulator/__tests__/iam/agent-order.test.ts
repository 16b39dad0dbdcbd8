import { synthesized } from "../../../../__tests__/support/synthesized";
import { STACK_NAMES } from "../../../../__tests__/synth/project-copy";
import { evaluateStack, readStack } from "../../../terraform-json/src";
import { agentWarnings } from "../../src/iam";

const stacks = synthesized();
afterAll(() => stacks.remove());

const GRANT = "google_service_account_iam_member.agent";
const agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-cloudtasks.iam.gserviceaccount.com";
const api = { google_project_service: { tasks: { service: "cloudtasks.googleapis.com" } } };
const API = "google_project_service.tasks";

/** A grant to the agent of Cloud Tasks beside other resources. */
function warnings(resources: object, dependsOn: string[] = [], member: object = { member: agent }): string[] {
  const grant = { service_account_id: "projects/p/serviceAccounts/s@p.iam.gserviceaccount.com", ...member };
  const json = {
    provider: { google: [{ project: "acme-ml", region: "us-central1" }] },
    data: { google_project: { this: {} } },
    resource: {
      google_service_account_iam_member: {
        agent: { ...grant, role: "roles/iam.serviceAccountUser", depends_on: dependsOn },
      },
      ...resources,
    },
  };
  return agentWarnings(evaluateStack(json, { name: "own", folder: "/none" }).resources);
}

const said = (how: string) => [
  `${GRANT}: needs the service agent gcp-sa-cloudtasks ${how} ${API}; in a new project it does not exist yet. Let it depend on a time_sleep that depends on the API`,
];

describe("warnings about resources that need a service agent too early", () => {
  test.each(STACK_NAMES)("%s waits for all of them", (name) => {
    expect(agentWarnings(readStack(stacks.stack(name)).resources)).toEqual([]);
  });

  test("a grant that does not depend on the API, and one that depends on the API alone", () => {
    expect(warnings(api)).toEqual(said("without waiting for"));
    expect(warnings(api, [API])).toEqual(said("right after"));
  });

  test("a pause counts only after the API", () => {
    const pause = (dependsOn: string[]) => ({ ...api, time_sleep: { wait: { depends_on: dependsOn } } });
    expect(warnings(pause([API]), ["time_sleep.wait"])).toEqual([]);
    expect(warnings(pause([]), [API, "time_sleep.wait"])).toEqual(said("right after"));
  });

  test("no warning for an API that the stack does not enable, or for other accounts", () => {
    expect(warnings({})).toEqual([]);
    expect(warnings(api, [], { member: "serviceAccount:me@acme-ml.iam.gserviceaccount.com" })).toEqual([]);
  });

  test("a workflow, which needs its agent when it is created", () => {
    const workflow = (dependsOn: string[]) => ({
      google_project_service: { flows: { service: "workflows.googleapis.com" } },
      google_workflows_workflow: { flow: { name: "f", source_contents: "main: {steps: []}", depends_on: dependsOn } },
      time_sleep: { wait: { depends_on: ["google_project_service.flows"] } },
    });
    expect(warnings(workflow(["google_project_service.flows"]))).toEqual([
      expect.stringMatching(/^google_workflows_workflow\.flow: needs the service agent gcp-sa-workflows right after /),
    ]);
    expect(warnings(workflow(["time_sleep.wait"]))).toEqual([]);
  });
});
