import type { IGrantable } from "../../lib/core/grantee";
import { ServiceAgents } from "../../lib/parts/service-agents";
import { testStack } from "../lib/support";
import { readDocuments, sectionOf } from "./markdown";

const documents = readDocuments();
const PAGE = "docs/deploying.md";
const page = documents.get(PAGE) as string;
const enabledBy = (text: string) =>
  [...text.matchAll(/gcloud services enable ((?:[a-z]+\.googleapis\.com[ \\\n]*)+)/g)].flatMap(([, apis = ""]) =>
    [...apis.matchAll(/([a-z]+)\.googleapis\.com/g)].map(([, api]) => api),
  );

// google_project_service calls serviceusage and reads the project by cloudresourcemanager (provider
// 6.50.0, resource_google_project_service.go); the state's bucket needs storage; of iam, the first
// custom role failed without.
const FIRST = ["cloudresourcemanager", "iam", "serviceusage", "storage"];

test("one document says which APIs must be on before the first apply", () => {
  expect(enabledBy(sectionOf(page, "## Before the first time"))).toEqual(FIRST);
  for (const [name, text] of documents) {
    const twice = enabledBy(text).filter((api) => FIRST.includes(String(api)));
    expect({ name, twice }).toEqual({ name, twice: name === PAGE ? FIRST : [] });
  }
  expect(documents.get("docs/ci.md")).toContain("(deploying.md#before-the-first-time)");
  expect(documents.get("docs/ci.md")).toContain("(deploying.md#service-agents-in-a-new-project)");
});

test("the commands that make service agents make every one to which a part grants something", () => {
  const agents = ServiceAgents.of(testStack());
  const getters = Object.entries(Object.getOwnPropertyDescriptors(ServiceAgents.prototype)).flatMap(
    ([name, { get }]) =>
      // The agent of Cloud Storage is made by the data source that looks it up.
      get && name !== "storage" ? [get] : [],
  );
  const domains = getters.map((get) => {
    const { member } = (get.call(agents) as IGrantable).grantee;
    return member.slice(member.indexOf("@") + 1).replace(".iam.gserviceaccount.com", "");
  });
  const [, list = ""] = /<<'AGENTS'\n(.*?)^AGENTS$/ms.exec(page) ?? [];
  const lines = list
    .trim()
    .split("\n")
    .map((line) => line.split(" "));
  // Nothing is granted to the agent of Cloud Scheduler, which mints tokens by its own role.
  expect(lines.map(([, domain]) => domain).sort()).toEqual([...domains, "gcp-sa-cloudscheduler"].sort());
  for (const [api, , role] of lines) expect(role).toBe(`${api}.serviceAgent`);
});
