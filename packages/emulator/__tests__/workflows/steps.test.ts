import { cloudWorkflows } from "../../src/workflows";
import { context } from "../support/context";
import { CALLER, evaluated, reply, run, WORKFLOW, workflowResource } from "./run";

const steps = (body: string) => `main:\n  params: [args]\n  steps:\n${body.replace(/^/gm, "    ")}`;

describe("steps", () => {
  test("assign: in order, into lists and maps, without touching other variables", async () => {
    const { result } = await run(
      steps(`
- one:
    assign:
      - list: [1, [2, 3]]
      - map: {a: {b: 1}}
      - other: \${map}
      - list[1][0]: \${list[0] + 10}
      - map.a.c: 2
      - map["d"]: null
- two:
    return: ['\${list}', '\${map}', '\${other}']`),
    );
    expect(result).toEqual([[1, [11, 3]], { a: { b: 1, c: 2 }, d: null }, { a: { b: 1 } }]);
  });

  test("switch takes the first true condition; next jumps forward and back; end ends", async () => {
    const { result } = await run(
      steps(`
- init:
    assign:
      - n: 0
- count:
    assign:
      - n: \${n + 1}
    next: check
- never:
    return: never
- check:
    switch:
      - condition: \${n < 3}
        next: count
      - condition: true
        steps:
          - inner:
              assign:
                - n: \${n * 10}
- done:
    return: \${n}`),
    );
    expect(result).toBe(30);
    const ended = await run(steps("- a:\n    next: end\n- b:\n    return: 1"));
    expect(ended.execution.result).toBe("null");
  });

  // Source: docs/reference/syntax/maps, "dynamic keys".
  test("map keys may be expressions", async () => {
    const { result } = await run(
      steps(`
- init:
    assign:
      - k: one
      - m: {"\${k}": 1, '\${k + "Two"}': {"\${k}": 2}, three: 3}
- done:
    return: \${m}`),
    );
    expect(result).toEqual({ one: 1, oneTwo: { one: 2 }, three: 3 });
    const { error } = await run(steps(`- done:\n    return: {"\${1}": 1}`));
    expect(error).toEqual({ tags: ["TypeError"], message: "a map's key is a string, not integer" });
  });

  // Source: github.com/GoogleCloudPlatform/workflows-samples, jsonschema/workflows.json, "range".
  test.each([
    ["[1, 3]", [1, 2, 3]],
    ["${[1, 3]}", [1, 2, 3]],
    ["${[n, n + 2]}", [1, 2, 3]],
    ["${both}", [1, 2, 3]],
    ["[0.5, 2]", [0.5, 1.5]],
  ])("a range is a list of two numbers, or an expression of one: %s", async (range, turns) => {
    const { result } = await run(
      steps(`
- init:
    assign:
      - n: 1
      - both: [1, 3]
      - seen: []
- each:
    for:
      value: v
      range: ${range}
      steps:
        - see:
            assign:
              - seen: \${list.concat(seen, v)}
- done:
    return: \${seen}`),
    );
    expect(result).toEqual(turns);
  });

  test.each(["${[1]}", "${[1, 2, 3]}", '${["a", "b"]}', "${1}"])("what is no range: %s", async (range) => {
    const { error } = await run(
      steps(
        `- each:\n    for:\n      value: v\n      range: ${range}\n      steps:\n        - a:\n            next: continue`,
      ),
    );
    expect(error).toEqual({
      tags: ["TypeError"],
      message: expect.stringMatching(/^a range is a list of two numbers, not /),
    });
  });

  // Source: github.com/GoogleCloudPlatform/workflows-samples, jsonschema/workflows.json, "step".
  test("next beside return or raise is never reached", async () => {
    const after = "- b:\n    return: 2";
    expect((await run(steps(`- a:\n    return: 1\n    next: b\n${after}`))).result).toBe(1);
    expect((await run(steps(`- a:\n    raise: no\n    next: b\n${after}`))).error).toBe("no");
  });

  test("for: lists with index, ranges with both ends, break and continue, variables of their own", async () => {
    const { result } = await run(
      steps(`
- init:
    assign:
      - seen: []
- over:
    for:
      value: v
      index: i
      in: ["a", "b", "c", "d"]
      steps:
        - skip:
            switch:
              - condition: \${v == "b"}
                next: continue
              - condition: \${v == "d"}
                next: break
        - keep:
            assign:
              - inner: \${v + string(i)}
              - seen: \${list.concat(seen, inner)}
- numbers:
    for:
      value: n
      range: [2, 4]
      steps:
        - keep_number:
            assign:
              - seen: \${list.concat(seen, n)}
- nothing:
    for:
      value: n
      range: [1, 0]
      steps:
        - never:
            return: never
- look:
    try:
      return: \${inner}
    except:
      as: e
      steps:
        - done:
            return: ['\${seen}', '\${e.message}']`),
    );
    expect(result).toEqual([["a0", "c2", 2, 3, 4], "variable not found: inner"]);
  });

  test("subworkflows: by name with defaults, in expressions by position, recursion to a depth of 20", async () => {
    const source = `
main:
  params: [args]
  steps:
    - named:
        call: join
        args: {left: a}
        result: one
    - positional:
        assign:
          - two: \${join("b", "c")}
          - three: null
    - deep:
        try:
          call: down
          args: {n: '\${args.depth}'}
          result: three
        except:
          as: e
          steps:
            - caught:
                assign:
                  - three: \${e.tags[0]}
    - done:
        return: ['\${one}', '\${two}', '\${three}']
join:
  params: [left, {right: "!"}]
  steps:
    - only:
        return: \${left + right}
down:
  params: [n]
  steps:
    - check:
        switch:
          - condition: \${n == 1}
            return: bottom
    - go:
        return: \${down(n - 1)}
`;
    // main is the first of the twenty.
    expect((await run(source, { argument: { depth: 19 } })).result).toEqual(["a!", "bc", "bottom"]);
    expect((await run(source, { argument: { depth: 20 } })).result).toEqual(["a!", "bc", "RecursionError"]);
  });

  test("raise: a text, a map; what nothing catches fails the execution with its place", async () => {
    const caught = await run(
      steps(`
- t:
    try:
      raise: {code: 55, message: mine}
    except:
      as: e
      steps:
        - again:
            try:
              raise: text
            except:
              as: f
              return: ['\${e.code}', '\${f}']`),
    );
    expect(caught.result).toEqual([55, "text"]);
    const { execution, error } = await run(
      steps("- outer:\n    steps:\n      - inner:\n          raise: {code: 7, message: no}"),
    );
    expect(execution.state).toBe("FAILED");
    expect(error).toEqual({ code: 7, message: "no" });
    expect(execution.error?.context).toBe('no\nin step "inner", routine "main"\nin step "outer", routine "main"');
  });

  test("environment variables: one's own and Workflows'", async () => {
    const source = steps(
      "- r:\n    return: ['${sys.get_env(\"MINE\")}', '${sys.get_env(\"GOOGLE_CLOUD_WORKFLOW_ID\")}']",
    );
    expect((await run(source, { variables: { MINE: "x" } })).result).toEqual(["x", "w"]);
  });

  test("a log entry needs its grant, and is lost without it while the execution goes on", async () => {
    const source = steps("- l:\n    call: sys.log\n    args: {text: hello, severity: INFO}\n- r:\n    return: done");
    for (const [grants, status] of [
      [["worker@p logging.logEntries.create projects/p"], "OK"],
      [[], "PERMISSION_DENIED: worker@p lacks logging.logEntries.create on projects/p"],
    ] as const) {
      const around = context({ grants: [...grants, "caller@p workflows.executions.create projects/p"] });
      const execution = cloudWorkflows.create(around, [workflowResource(source)]).execute(CALLER, WORKFLOW, "");
      await around.clock.advance(0);
      expect(execution.state).toBe("SUCCEEDED");
      const detail = `execution ${execution.id}`;
      expect(around.hops).toContainEqual({
        from: "workflow w",
        to: "Cloud Logging",
        what: "INFO hello",
        status,
        detail,
      });
    }
  });

  // Source: docs/reference/stdlib/sys/log.
  test.each([
    ["{data: {a: 1}, severity: WARNING}", 'WARNING {"a":1}'],
    ["{json: {a: [true]}}", 'DEFAULT {"a":[true]}'],
    ["{text: [1, 2]}", "DEFAULT [1,2]"],
    ["{data: 1.5}", "DEFAULT 1.5"],
  ])("sys.log of %s", async (args, what) => {
    const { around } = await run(steps(`- l:\n    call: sys.log\n    args: ${args}`));
    expect(around.hops.filter(({ to }) => to === "Cloud Logging")).toMatchObject([{ what }]);
  });

  test.each([
    ["{severity: INFO}", "sys.log needs one of data, text and json; given: none"],
    ["{text: a, json: {b: 1}}", "sys.log needs one of data, text and json; given: text, json"],
    ["{json: a}", "sys.log: argument json must be map, not string"],
  ])("sys.log of %s is a TypeError", async (args, message) => {
    const { error } = await run(steps(`- l:\n    call: sys.log\n    args: ${args}`));
    expect(error).toEqual({ tags: ["TypeError"], message });
  });

  test.each([
    [
      "LOG_ALL_CALLS",
      [
        "call log: call of http.get",
        "call log: exception of http.get",
        "call log: call of sys.log",
        "INFO said",
        "call log: return of sys.log",
      ],
    ],
    ["LOG_ERRORS_ONLY", ["call log: exception of http.get", "INFO said"]],
    ["LOG_NONE", ["INFO said"]],
  ])("call logging at %s", async (level, entries) => {
    const source = steps(`
- t:
    try:
      call: http.get
      args: {url: "https://x.test/"}
    except:
      as: e
      steps:
        - l:
            call: sys.log
            args: {text: said, severity: INFO}`);
    const around = context();
    const resource = workflowResource(source, { call_log_level: level });
    cloudWorkflows.create(around, [resource]).execute(CALLER, WORKFLOW, "");
    await around.clock.advance(0);
    expect(around.hops.filter(({ to }) => to === "Cloud Logging").map(({ what }) => what)).toEqual(entries);
  });

  test("bytes cannot be returned", async () => {
    expect(await evaluated('text.encode("x")')).toEqual({
      raised: { message: "bytes cannot be encoded as JSON", tags: ["TypeError"] },
    });
  });
});

describe("retry", () => {
  const policy = (predicate: string) => `
    retry:
      predicate: \${${predicate}}
      max_retries: 3
      backoff: {initial_delay: 1, max_delay: 3, multiplier: 2}`;

  test("repeats the whole try with growing waits, at most max_retries times", async () => {
    const times: number[] = [];
    const { around, error } = await run(
      steps(
        `- t:\n    try:\n      call: http.get\n      args: {url: "https://x.test/"}${policy("http.default_retry_predicate")}`,
      ),
      {
        answer: async () => {
          times.push(0);
          return reply(503);
        },
      },
    );
    expect(times).toHaveLength(4);
    expect(error).toMatchObject({
      code: 503,
      tags: ["HttpError"],
      message: "HTTP server responded with error code 503",
    });
    expect(around.hops.filter(({ to }) => to === "x.test")).toHaveLength(4);
  });

  test("waits on the clock: 1, 2, then at most 3 seconds", async () => {
    const { around, execution } = await run(
      steps(
        `- t:\n    try:\n      call: http.get\n      args: {url: "https://x.test/"}${policy("http.default_retry_predicate")}`,
      ),
      { answer: async () => reply(429), wait: 0 },
    );
    const counts: number[] = [around.invocations.length];
    for (const wait of [999, 1, 1_999, 1, 2_999, 1]) {
      await around.clock.advance(wait);
      counts.push(around.invocations.length);
    }
    expect(counts).toEqual([1, 1, 2, 2, 3, 3, 4]);
    expect(execution.state).toBe("FAILED");
  });

  test.each([
    ["http.default_retry_predicate", [429, 502, 503, 504], [400, 404, 500]],
    ["http.default_retry_predicate_non_idempotent", [429, 503], [502, 504, 500]],
  ])("%s", async (predicate, retried, given) => {
    const calls = async (status: number) => {
      const source = steps(
        `- t:\n    try:\n      call: http.get\n      args: {url: "https://x.test/"}${policy(predicate)}`,
      );
      return (await run(source, { answer: async () => reply(status) })).around.invocations.length;
    };
    for (const status of retried) expect([status, await calls(status)]).toEqual([status, 4]);
    for (const status of given) expect([status, await calls(status)]).toEqual([status, 1]);
  });

  test("a predicate of one's own decides, and except gets what is left", async () => {
    let calls = 0;
    const { result } = await run(
      `
main:
  steps:
    - t:
        try:
          steps:
            - ask:
                call: http.get
                args: {url: "https://x.test/"}
        retry:
          predicate: \${is_418}
          max_retries: 5
          backoff: {initial_delay: 1, max_delay: 1, multiplier: 1}
        except:
          as: e
          return: \${e.code}
is_418:
  params: [e]
  steps:
    - decide:
        return: \${e.code == 418}
`,
      { answer: async () => reply(++calls < 3 ? 418 : 500) },
    );
    expect([calls, result]).toEqual([3, 500]);
  });
});

describe("parallel", () => {
  test("branches share what they name and keep the rest", async () => {
    const { result } = await run(
      steps(`
- init:
    assign:
      - total: 0
- both:
    parallel:
      shared: [total]
      branches:
        - a:
            steps:
              - add_a:
                  assign:
                    - mine: 1
                    - total: \${total + mine}
        - b:
            steps:
              - add_b:
                  assign:
                    - mine: 10
                    - total: \${total + mine}
- done:
    return: \${total}`),
    );
    expect(result).toBe(11);
  });

  test("iterations run at once, as many as the limit says", async () => {
    let running = 0;
    let most = 0;
    const { result } = await run(
      steps(`
- init:
    assign:
      - sum: 0
- each:
    parallel:
      shared: [sum]
      concurrency_limit: 3
      for:
        value: n
        range: [1, 7]
        steps:
          - ask:
              call: http.get
              args: {url: "https://x.test/"}
          - add:
              assign:
                - sum: \${sum + n}
- done:
    return: \${sum}`),
      {
        answer: async () => {
          most = Math.max(most, ++running);
          await new Promise((resolve) => setImmediate(resolve));
          running--;
          return reply(200, {});
        },
        wait: 3_600_000,
      },
    );
    expect([result, most]).toEqual([28, 3]);
  });

  test.each([
    ["", [1]],
    ["      exception_policy: continueAll\n", [1, 3]],
  ])("failures with %j", async (policy, failed) => {
    const { result } = await run(
      steps(`
- init:
    assign:
      - ran: []
- try_it:
    try:
      parallel:
        shared: [ran]
${policy.replace(/^ {6}/, "        ")}        concurrency_limit: 1
        for:
          value: n
          range: [1, 3]
          steps:
            - note:
                assign:
                  - ran: \${list.concat(ran, n)}
            - odd:
                switch:
                  - condition: \${n % 2 == 1}
                    raise: \${n}
    except:
      as: e
      return: ['\${ran}', '\${e}']`),
    );
    const [ran, error] = result as [number[], { tags: string[]; branches: { id: string; error: number }[] }];
    expect(ran).toEqual(policy ? [1, 2, 3] : [1]);
    expect(error.tags).toEqual(["UnhandledBranchError"]);
    expect(error.branches.map((branch) => branch.error)).toEqual(failed);
  });
});

describe("limits", () => {
  test("100,000 steps", async () => {
    const { error } = await run(steps("- a:\n    next: a"));
    expect(error).toEqual({ tags: ["ResourceLimitError"], message: "step limit exceeded: 100000" });
  });

  // Source: docs/reference/syntax/error-types, ResourceLimitError.
  test("what reaches a limit can neither be caught nor retried", async () => {
    const { execution, error } = await run(
      steps(`
- double:
    try:
      steps:
        - init:
            assign:
              - text: x
        - each:
            for:
              value: v
              range: [1, 30]
              steps:
                - more:
                    assign:
                      - text: \${text + text}
    retry:
      predicate: \${retry.always}
      max_retries: 3
      backoff: {initial_delay: 1, max_delay: 1, multiplier: 1}
    except:
      as: e
      steps:
        - caught:
            return: caught`),
    );
    expect(execution.state).toBe("FAILED");
    // A text holds 256 KB: docs/reference/syntax/syntax-cheat-sheet.
    expect(error).toEqual({
      tags: ["ResourceLimitError"],
      message: "text limit exceeded: 524288 bytes; allowed: 262144",
    });
  });

  test("512 KB of variables, freed by a subworkflow that ends", async () => {
    const source = (calls: number) => `
main:
  params: [a]
  steps:
${Array.from({ length: calls }, (_, at) => `    - c${at}:\n        call: hold\n        args: {text: "\${a}"}`).join("\n")}
    - keep:
        assign:
${Array.from({ length: 20 }, (_, at) => `          - v${at}: "\${a}"`).join("\n")}
hold:
  params: [text]
  steps:
    - copy:
        assign:
          - copies: ["\${text}", "\${text}", "\${text}", "\${text}", "\${text}", "\${text}"]
`;
    // Twenty-one times 24,000 characters fit; twenty-two times 25,000 do not.
    expect((await run(source(5), { argument: "x".repeat(24_000) })).execution.state).toBe("SUCCEEDED");
    const { error } = await run(source(0), { argument: "x".repeat(25_000) });
    expect(error).toMatchObject({
      tags: ["ResourceLimitError"],
      message: expect.stringMatching(/^memory limit exceeded: \d+ bytes; allowed: 524288$/),
    });
  });
});
