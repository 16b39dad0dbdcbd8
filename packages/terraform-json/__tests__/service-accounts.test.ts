import { agentDomain, emailOf, isServiceAgent, serviceAgent, shortAccount } from "../src";

test.each([
  ["serviceAccount:worker@p.iam.gserviceaccount.com", "worker@p.iam.gserviceaccount.com"],
  ["projects/p/serviceAccounts/worker@p.iam.gserviceaccount.com", "worker@p.iam.gserviceaccount.com"],
  ["1-compute@developer.gserviceaccount.com", "1-compute@developer.gserviceaccount.com"],
  ["user:ann@example.com", undefined],
  ["allUsers", undefined],
  [7, undefined],
])("the e-mail of %s is %s", (account, email) => {
  expect(emailOf(account)).toBe(email);
});

test.each([
  [serviceAgent("123", "gcp-sa-pubsub"), true, "gcp-sa-pubsub"],
  ["serviceAccount:service-123@gs-project-accounts.iam.gserviceaccount.com", true, "gs-project-accounts"],
  [
    "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com",
    true,
    "gcp-sa-pubsub",
  ],
  ["service-123@serverless-robot-prod.iam.gserviceaccount.com", true, "serverless-robot-prod"],
  ["123@cloudservices.gserviceaccount.com", true, "123@cloudservices.gserviceaccount.com"],
  ["service-a@p.iam.gserviceaccount.com", false, "service-a"],
  ["serviceAccount:worker@p.iam.gserviceaccount.com", false, "worker"],
  ["allUsers", false, "allUsers"],
])("%s is one of Google's own: %s, in few words %s", (account, isAgent, short) => {
  expect([isServiceAgent(account), shortAccount(account)]).toEqual([isAgent, short]);
  expect(agentDomain(account)).toBe(isAgent && short.includes("@") === false ? short : undefined);
});
