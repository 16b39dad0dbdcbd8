import { refusals } from "./run";

const steps = (body: string) => `main:\n  params: [args]\n  steps:\n${body.replace(/^/gm, "    ")}`;

describe("definitions are checked whole when they are loaded", () => {
  test.each([
    [steps("- a:\n    next: b"), "main.a.next: no step b can be reached from here"],
    [steps("- a:\n    next: break"), "main.a.next: break is outside of a loop"],
    [
      steps(
        "- a:\n    for:\n      value: v\n      in: []\n      steps:\n        - b:\n            next: c\n- c:\n    next: end",
      ),
      "main.a.for.b.next: no step c can be reached from here",
    ],
    [steps("- a:\n    return: ${nothing(1)}"), "main.a.return: there is no function nothing, or it is not simulated"],
    [steps("- a:\n    return: ${len(1, 2)}"), "main.a.return: len takes 1 arguments, not 2"],
    [
      steps('- a:\n    return: ${http.get("x")}'),
      "main.a.return: http.get blocks, so it can only be called by a call step",
    ],
    [
      steps("- a:\n    call: events.create_callback_endpoint\n    args: {http_callback_method: POST}"),
      "main.a.call: there is no function events.create_callback_endpoint, or it is not simulated",
    ],
    [
      steps("- a:\n    call: http.get\n    args: {url: x, ca_certificate: y}"),
      "main.a.args: http.get has no argument ca_certificate, or it is not simulated",
    ],
    [steps("- a:\n    call: http.get\n    args: {}"), "main.a.args: http.get needs the argument url"],
    [
      steps("- a:\n    call: googleapis.bigquery.v2.jobs.query\n    args: {}"),
      "main.a.call: there is no function googleapis.bigquery.v2.jobs.query, or it is not simulated",
    ],
    [steps("- a:\n    assign:\n      - 1x: 2"), "main.a.assign.0: expected the end, found x"],
    [steps("- a:\n    assign:\n      - f(x): 2"), 'main.a.assign.0: nothing can be assigned to "f(x)"'],
    // Not among the operators of docs/reference/syntax/datatypes.
    [steps("- a:\n    return: ${1 not in [2]}"), "main.a.return: not stands before a value: not (a in b)"],
    [steps("- a:\n    return: ${bool(1)}"), "main.a.return: there is no function bool, or it is not simulated"],
    ...['["${1}", "${3}"]', '[1, "${3}"]', "[1]", "3", '"3"'].map((range) => [
      steps(
        `- a:\n    for:\n      value: v\n      range: ${range}\n      steps:\n        - b:\n            next: continue`,
      ),
      "main.a.for.range: a range is two numbers, [1, 9], or one expression that is a list, ${[first, last]}",
    ]),
    [steps("- a:\n    return:\n      ${1 +}: 2"), "main.a.return.${1 +}: expected a value, found the end"],
    [steps("- a:\n    return: 1\n    next: nowhere"), "main.a.next: no step nowhere can be reached from here"],
    [steps("- a:\n    return: ${1 +}"), "main.a.return: expected a value, found the end"],
    [steps("- a:\n    return: ${1 < 2 < 3}"), "main.a.return: comparisons one after the other need parentheses"],
    [steps("- a:\n    return: '${{\"a\": 1}}'"), 'main.a.return: "{" at 1 is not part of an expression'],
    [steps("- a:\n    return: ${a ? b}"), 'main.a.return: "?" at 3 is not part of an expression'],
    [
      steps("- a:\n    return: hello ${args}"),
      'main.a.return: "hello ${args}": an expression is the whole of a value; join texts with + inside of it',
    ],
    [
      steps(`- a:\n    return: \${${"1+".repeat(200)}1}`),
      "main.a.return: the expression has 401 characters; allowed: 400",
    ],
    [steps("- a:\n    return: 1\n    raise: 2"), "main.a: raise and return cannot stand in one step"],
    [steps("- a:\n    assign: [{x: 1}]\n    result: y"), "main.a: result is not simulated or not known here"],
    [steps("- a: {}"), "main.a: the step does nothing"],
    [steps("- a:\n    next: end\n- a:\n    next: end"), "main.a: another step has this name"],
    [steps("- a:\n    try:\n      call: sys.log\n      args: {text: x}"), "main.a: try needs retry or except"],
    [
      steps(
        "- a:\n    try:\n      call: sys.log\n    retry:\n      predicate: ${mine}\n      max_retries: 1\n      backoff: {initial_delay: 1, max_delay: 1, multiplier: 1}",
      ),
      "main.a.retry: there is no predicate mine",
    ],
    [
      steps(
        "- a:\n    try:\n      call: sys.log\n    retry:\n      predicate: ${http.default_retry_predicate}\n      backoff: {initial_delay: 1, max_delay: 1, multiplier: 1}",
      ),
      "main.a.retry: there is no max_retries",
    ],
    [
      steps("- a:\n    try:\n      call: sys.log\n    retry: ${http.mine}"),
      "main.a.retry: http.mine is not a retry policy that is simulated",
    ],
    [
      steps(
        "- x:\n    assign: [{n: 0}]\n- a:\n    parallel:\n      branches:\n        - b:\n            steps:\n              - c:\n                  assign: [{n: 1}]",
      ),
      "main.a.parallel.b.c.assign.0: n is not shared, so nothing in this branch can assign it",
    ],
    [
      steps(
        "- a:\n    parallel:\n      shared: [n]\n      branches:\n        - b:\n            steps:\n              - c:\n                  next: end",
      ),
      "main.a.parallel.shared: there is no variable n outside",
    ],
    [
      steps(
        "- a:\n    parallel:\n      exception_policy: stop\n      for:\n        value: v\n        in: []\n        steps:\n          - c:\n              next: continue",
      ),
      "main.a.parallel.exception_policy: stop; allowed: continueAll",
    ],
    [
      steps(`- a:\n    assign:\n${Array.from({ length: 51 }, (_, at) => `      - v${at}: 1`).join("\n")}`),
      "main.a.assign: 51 assignments; allowed: 50",
    ],
    ["sub:\n  steps:\n    - a:\n        next: end", "there is no workflow main"],
    ["main:\n  params: [a, b]\n  steps:\n    - a:\n        next: end", "main.params: main takes one parameter"],
    [
      "main:\n  steps:\n    - a:\n        next: end\nlen:\n  steps:\n    - a:\n        next: end",
      "len: a function of the standard library has this name",
    ],
    ["main: [", "not YAML or JSON: "],
  ])("%j", (source, reason) => {
    expect(refusals(source)).toContainEqual(expect.stringContaining(`source_contents: ${reason}`));
  });

  test("all problems are reported at once", () => {
    expect(refusals(steps("- a:\n    return: ${f(1)}\n- b:\n    next: nowhere"))).toHaveLength(2);
  });

  test("variables that Google reserves are refused", () => {
    expect(refusals(steps("- a:\n    next: end"), { user_env_vars: { GOOGLE_X: "1", OK: "2" } })).toEqual([
      'user_env_vars: the name "GOOGLE_X" is reserved',
    ]);
  });

  test("a source beyond 128 KB is refused", () => {
    expect(refusals(`${steps("- a:\n    next: end")}\n# ${"x".repeat(131_072)}`)).toEqual([
      "source_contents: the source has more than 131072 bytes",
    ]);
  });

  test("JSON is taken as well, and a list of steps alone", () => {
    expect(refusals(JSON.stringify({ main: { steps: [{ a: { return: 1 } }] } }))).toEqual([]);
    expect(refusals("- a:\n    return: 1")).toEqual([]);
  });
});
