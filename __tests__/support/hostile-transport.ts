import { METHODS } from "node:http";
import * as fc from "fast-check";
import { oneIn } from "./hostile";
import { SECRET } from "./hostile-values";
import type { RawRequest } from "./raw-http";

/** All of a request but its body. */
export interface Transport {
  readonly method: string;
  readonly path: string;
  readonly type: string | undefined;
  readonly headers: [string, string][];
  readonly framing: RawRequest["framing"];
}

export const usual: Transport = { method: "POST", path: "/", type: "application/json", headers: [], framing: "length" };

export const headerText = fc.oneof(
  fc.constantFrom("0", "1", "2", "99", "999999999", "-1", "1e3", "task-1", "my-queue", "a/b", "../x", "", " ", SECRET),
  fc.stringMatching(/^[!-~\u00a1-\u00ff]{1,30}$/),
  fc.constant("x".repeat(600)),
);
/** Other methods, paths, types and headers, and bodies that end otherwise. */
export const transport: fc.Arbitrary<Transport> = fc.record({
  method: oneIn(3, fc.constantFrom(...METHODS.filter((method) => method !== "CONNECT")), "POST"),
  path: fc.oneof(
    fc.constant("/"),
    fc.constantFrom(
      "/%ff",
      "/..%2f..%2fetc",
      "/?a=__proto__&__proto__[x]=1",
      "//",
      "/robots.txt",
      "/__proto__",
      "/%00",
    ),
    fc.constantFrom("*", "http://evil.example/", `/${"x".repeat(8000)}`),
  ),
  type: fc.constantFrom(
    ...["application/json", "application/json; charset=utf-16", "Application/JSON;", "text/plain", "application/jsonp"],
    ...[
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "application/cloudevents+json",
      "\u00ff",
      "",
    ],
    undefined,
  ),
  headers: fc.array(
    fc.oneof(
      fc.constantFrom<[string, string][]>(
        ["Content-Encoding", "gzip"],
        ["Expect", "100-continue"],
        ["Upgrade", "websocket"],
        ["X-HTTP-Method-Override", "DELETE"],
        ["Content-Type", "text/plain"],
        ["X-CloudTasks-TaskName", "twice"],
        ["Function-Execution-Id", "__proto__"],
        ["ce-type", "google.cloud.pubsub.topic.v1.messagePublished"],
        ["X-Cloud-Trace-Context", `${"a".repeat(32)}/${"9".repeat(20)};o=1`],
        ["X-Large", "x".repeat(20_000)],
      ),
      fc.tuple(fc.constantFrom("traceparent", "X-Cloud-Trace-Context", "Forwarded", "__proto__"), headerText),
    ),
    { maxLength: 3 },
  ),
  framing: fc.constantFrom("length", "chunked", "broken"),
});
