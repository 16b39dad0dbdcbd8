import { reply, run } from "./run";

const steps = (body: string) => `main:\n  steps:\n${body.replace(/^/gm, "    ")}`;
const call = (name: string, args: string) =>
  steps(`- c:\n    call: ${name}\n    args: ${args}\n    result: r\n- done:\n    return: \${r}`);

describe("http", () => {
  test("sends a map as JSON with the service account's token, in time", async () => {
    const { around } = await run(
      call(
        "http.post",
        '{url: "https://x.test/a?b=1", query: {c: "d e", n: 2}, headers: {X-Y: z}, body: {k: [1, 2.5, null]}, auth: {type: OAuth2}, timeout: 60}',
      ),
      { answer: async () => reply(200, {}) },
    );
    expect(around.invocations).toEqual([
      {
        method: "POST",
        url: "https://x.test/a?b=1&c=d+e&n=2",
        headers: {
          "x-y": "z",
          "user-agent": "GoogleCloudWorkflows; (+https://cloud.google.com/workflows/docs)",
          "content-type": "application/json; charset=utf-8",
          authorization: "Bearer access:worker@p",
        },
        body: Buffer.from('{"k":[1,2.5,null]}'),
        deadline: 60_000,
        item: expect.stringMatching(/^execution [0-9a-f-]{36}$/),
      },
    ]);
    expect(around.hops).toContainEqual({
      from: "workflow w",
      to: "x.test",
      what: "POST /a",
      status: "200",
      duration: 0,
      detail: expect.stringMatching(/^execution [0-9a-f-]{36}$/),
    });
  });

  test.each([
    ["{type: OIDC}", "Bearer id:worker@p:https://x.test/path"],
    ['{type: OIDC, audience: "aud"}', "Bearer id:worker@p:aud"],
  ])("auth %s", async (auth, authorization) => {
    const { around } = await run(call("http.get", `{url: "https://x.test/path?q=1", auth: ${auth}}`), {
      answer: async () => reply(200, {}),
    });
    expect(around.invocations[0]?.headers.authorization).toBe(authorization);
  });

  test.each([
    ['"text"', "{}", "text/plain; charset=utf-8", "text"],
    ['"{}"', "{Content-Type: application/json}", "application/json", '"{}"'],
    ["{a: b c}", "{Content-Type: application/x-www-form-urlencoded}", "application/x-www-form-urlencoded", "a=b+c"],
  ])("body %s with headers %s", async (body, headers, contentType, sent) => {
    const { around } = await run(call("http.post", `{url: "https://x.test/", headers: ${headers}, body: ${body}}`), {
      answer: async () => reply(200, {}),
    });
    expect(around.invocations[0]?.headers["content-type"]).toBe(contentType);
    expect(around.invocations[0]?.body.toString()).toBe(sent);
  });

  test.each([
    ["application/json", '{"a": 1}', "map"],
    ["application/json; charset=utf-8", "[1]", "list"],
    ["application/problem+json", "{}", "map"],
    ["text/plain", "[1]", "string"],
    ["application/octet-stream", "[1]", "bytes"],
    ["application/jsonl", "[1]", "bytes"],
    ["application/json", "", "null"],
  ])("a body of %s becomes a %s", async (contentType, body, type) => {
    const source = steps(
      "- c:\n    call: http.get\n    args: {url: \"https://x.test/\"}\n    result: r\n- done:\n    return: ['${get_type(r.body)}', '${r.code}', '${r.headers[\"content-type\"]}']",
    );
    const { result } = await run(source, { answer: async () => reply(200, body, { "content-type": contentType }) });
    expect(result).toEqual([type, 200, contentType]);
  });

  test.each([
    [
      reply(404, { error: { message: "no" } }),
      {
        code: 404,
        tags: ["HttpError"],
        message: "HTTP server responded with error code 404",
        body: { error: { message: "no" } },
      },
    ],
    [
      { ...reply(0), failure: "deadline" as const },
      { tags: ["TimeoutError"], message: "no answer in 5 seconds: GET https://x.test/" },
    ],
    [
      { ...reply(0), failure: "connection" as const },
      { tags: ["ConnectionError"], message: "connection failed: GET https://x.test/" },
    ],
    [reply(200, "{", {}), { tags: ["ValueError"] }],
    [
      reply(200, "x".repeat(2 ** 21 + 1), { "content-type": "text/plain" }),
      { tags: ["ResourceLimitError"], message: "the response has 2097153 bytes; allowed: 2097152" },
    ],
  ])("failure %#", async (answer, error) => {
    const given = await run(call("http.get", '{url: "https://x.test/", timeout: 5}'), { answer: async () => answer });
    expect(given.error).toMatchObject(error);
  });

  // Source: docs/reference/syntax/error-types, HttpError.
  test.each([204, 302, 304, 399])("a status below 400 is no error: %i", async (status) => {
    const { result } = await run(call("http.get", '{url: "https://x.test/"}'), { answer: async () => reply(status) });
    expect(result).toMatchObject({ code: status });
  });

  test.each([
    ['{url: "ftp://x"}', "ValueError", "invalid URL: ftp://x"],
    ['{url: "https://x.test/", timeout: 1801}', "ValueError", "timeout 1801; allowed: up to 1800 seconds"],
    ['{url: "https://x.test/", auth: {type: Basic}}', "ValueError", "auth type Basic; allowed: OAuth2, OIDC"],
  ])("%s raises %s", async (args, tag, message) => {
    expect((await run(call("http.get", args))).error).toEqual({ tags: [tag], message });
  });
});

describe("connectors", () => {
  const ok = async () => reply(200, { answer: 1 });

  test.each([
    [
      "googleapis.storage.v1.objects.get",
      '{bucket: b, object: "a/b", alt: media}',
      "GET https://storage.googleapis.com/storage/v1/b/b/o/a%2Fb?alt=media ",
    ],
    [
      "googleapis.storage.v1.objects.list",
      '{bucket: b, prefix: "a/", maxResults: 5}',
      "GET https://storage.googleapis.com/storage/v1/b/b/o?prefix=a%2F&maxResults=5 ",
    ],
    [
      "googleapis.storage.v1.objects.delete",
      "{bucket: b, object: o}",
      "DELETE https://storage.googleapis.com/storage/v1/b/b/o/o ",
    ],
    [
      "googleapis.storage.v1.objects.insert",
      "{bucket: b, name: o, body: hello}",
      "POST https://storage.googleapis.com/upload/storage/v1/b/b/o?uploadType=media&name=o hello",
    ],
    // As Google's samples have it: workflows-samples,
    // src/connectors/connector_storage.workflows.yaml.
    [
      "googleapis.storage.v1.objects.insert",
      "{bucket: b, name: o, uploadType: media, body: hello}",
      "POST https://storage.googleapis.com/upload/storage/v1/b/b/o?uploadType=media&name=o hello",
    ],
    [
      "googleapis.pubsub.v1.projects.topics.publish",
      "{topic: projects/p/topics/t, body: {messages: [{data: aGk=}]}}",
      'POST https://pubsub.googleapis.com/v1/projects/p/topics/t:publish {"messages":[{"data":"aGk="}]}',
    ],
    [
      "googleapis.cloudtasks.v2.projects.locations.queues.tasks.create",
      "{parent: projects/p/locations/l/queues/q, body: {task: {}}}",
      'POST https://cloudtasks.googleapis.com/v2/projects/p/locations/l/queues/q/tasks {"task":{}}',
    ],
    [
      "googleapis.aiplatform.v1.projects.locations.endpoints.predict",
      "{endpoint: projects/p/locations/l/endpoints/1, region: l, body: {instances: []}}",
      'POST https://l-aiplatform.googleapis.com/v1/projects/p/locations/l/endpoints/1:predict {"instances":[]}',
    ],
  ])("%s", async (name, args, sent) => {
    const { around, result } = await run(call(name, args), { answer: ok });
    const [{ method, url, body, headers }] = around.invocations as [(typeof around.invocations)[0]];
    expect(`${method} ${url} ${body}`).toBe(sent);
    expect(headers.authorization).toBe("Bearer access:worker@p");
    expect(result).toEqual({ answer: 1 });
  });

  test("another type of upload is refused by name", async () => {
    const args = "{bucket: b, name: o, uploadType: multipart, body: hello}";
    const { error } = await run(call("googleapis.storage.v1.objects.insert", args), { answer: ok });
    expect(error).toEqual({ tags: ["ValueError"], message: 'uploadType "multipart" is not simulated; media is' });
  });

  test("retries by itself, and tells what is left", async () => {
    const { around, error } = await run(call("googleapis.storage.v1.objects.get", "{bucket: b, object: o}"), {
      answer: async () => reply(502),
    });
    expect(around.invocations).toHaveLength(6);
    expect(error).toMatchObject({ code: 502, tags: ["HttpError"] });
  });
});
