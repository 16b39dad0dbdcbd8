import { FLOW, LETTERS, OTHER, parties, SUBSCRIPTION, WORKER, WORKER_URL } from "./support";

test("who calls as whom, and which URLs are functions'", () => {
  const who = parties();
  expect(who.functionAt(`${WORKER_URL}path?query`)).toBe("worker");
  expect(who.functionAt("https://cloudtasks.googleapis.com/v2/x")).toBeUndefined();
  expect([who.functionsOf(WORKER), who.functionsOf(OTHER), who.functionsOf(FLOW)]).toEqual([["worker"], ["other"], []]);
  expect([WORKER, FLOW, "client@p", undefined].map((email) => who.isWorker(email))).toEqual([true, true, false, false]);
  expect([...who.deadLetterTopics]).toEqual([LETTERS]);
  expect(who.mostAttempts).toBe(7);
});

test("the last delivery is told by the policy; without one, or without a number, there is none", () => {
  const who = parties();
  expect([4, 5, 6].map((attempt) => who.isLastDelivery(SUBSCRIPTION, attempt))).toEqual([false, true, true]);
  expect(who.isLastDelivery(SUBSCRIPTION, undefined)).toBe(false);
  expect(who.isLastDelivery("projects/p/subscriptions/other", 100)).toBe(false);
});
