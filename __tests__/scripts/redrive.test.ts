import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { readOptions } from "../../scripts/redrive/options";
import type { Reply } from "../../scripts/redrive/post";
import { redrive } from "../../scripts/redrive/redrive";
import { onlyIf } from "../support/only-if";

const answer = (moved: number, done: boolean, why: Record<string, number> = {}): Reply => ({
  status: 200,
  text: JSON.stringify({ moved, skipped: Object.keys(why).length, why, before: "2026-03-03T00:00:00Z", done }),
});

function scripted(...replies: Reply[]) {
  const bodies: object[] = [];
  const lines: string[] = [];
  const post = async (body: object) => {
    bodies.push(body);
    return replies.shift() as Reply;
  };
  return {
    bodies,
    lines,
    run: (max = Number.POSITIVE_INFINITY) => redrive(post, { reason: "r", max }, (line) => lines.push(line), 1),
  };
}

describe("calls of the function", () => {
  test("go on until it is done", async () => {
    const { bodies, lines, run } = scripted(
      answer(1000, false),
      answer(24, true, { "other reason: x": 2, "unknown origin: y": 1 }),
    );
    expect(await run()).toEqual({ moved: 1024, stuck: { "unknown origin: y": 1 } });
    const first = { reason: "r", max: 1000 };
    expect(bodies).toEqual([first, { ...first, before: "2026-03-03T00:00:00Z" }]);
    expect(lines).toEqual([
      expect.stringMatching(/^1000 letters put back, 0 stay \(0 s\)$/),
      expect.stringMatching(/^1024 letters put back, 2 stay \(0 s\)$/),
    ]);
  });

  test("end at the wanted number", async () => {
    const { bodies, run } = scripted(answer(1000, false), answer(500, false));
    expect((await run(1500)).moved).toBe(1500);
    expect(bodies).toMatchObject([{ max: 1000 }, { max: 500 }]);
  });

  test("end when one moves nothing, though it is not done", async () => {
    const { run } = scripted(answer(0, false));
    expect((await run()).moved).toBe(0);
  });

  test("are made again after what may pass, and that is said", async () => {
    const { lines, run } = scripted(
      { status: 503, text: '{"error":{"message":"busy"}}' },
      { status: 0, text: "reset" },
      answer(1, true),
    );
    expect((await run()).moved).toBe(1);
    expect(lines).toEqual([
      "The redrive function answered 503: busy; trying again",
      "The redrive function answered no answer: reset; trying again",
      "1 letter put back, 0 stay (0 s)",
      expect.stringMatching(/^A call failed/),
    ]);
  });

  test.each([
    [403, "forbidden", "answered 403: forbidden\nThe caller needs roles/run.invoker"],
    [404, "not found", "answered 404: not found\nIts ingress is internal only"],
    [400, '{"error":{"message":"max: given 0"}}', "answered 400: max: given 0"],
  ])("end at %i", async (status, text, message) => {
    await expect(scripted({ status, text }).run()).rejects.toThrow(message);
  });
});

test.each([
  [[], "Given no stack; allowed: the name of a stack"],
  [["a", "b"], "Given b beside a; allowed: one stack"],
  [["a", "--max", "0"], 'Given --max "0"; allowed: a whole number from 1 to 1000000'],
  [["a", "--per-second", "0"], 'Given --per-second "0"; allowed: a number from 0.1 to 500'],
  [
    ["a", "--url", "http://example.com"],
    'Given --url "http://example.com"; allowed: https://<host>, or http://127.0.0.1:<port>',
  ],
  [["a", "--local", "http://127.0.0.1:1", "--as", "x"], "Given --local and --as; allowed: one of them"],
])("refuses the arguments %j", (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});

onlyIf(process.platform !== "win32", "The commands of this test are scripts for a POSIX shell", () => {
  test("asks terraform where the function is and gcloud for the client's token", async () => {
    const folder = mkdtempSync(join(tmpdir(), "redrive-"));
    const seen: { authorization?: string; body: string }[] = [];
    const server = createServer(async (request: IncomingMessage, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      seen.push({ authorization: request.headers.authorization, body });
      response.end(answer(2, true, { "unknown origin: y": 1 }).text);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const outputs = {
      redrive_url: { value: url },
      client: { value: "serviceAccount:client@p.iam.gserviceaccount.com" },
    };
    const command = (name: string, script: string) => {
      writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(folder, name), 0o755);
    };
    command("terraform", `echo '${JSON.stringify(outputs)}'`);
    command("gcloud", 'echo "token $*" | tr " " "_"');
    try {
      const child = spawn(
        process.execPath,
        ["scripts/ts.mjs", "scripts/redrive/cli.ts", "async-batch", "--per-second", "50"],
        {
          env: { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` },
        },
      );
      let said = "";
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (chunk) => {
          said += chunk;
        });
      const [code] = await once(child, "close");
      expect([code, said]).toEqual([3, expect.stringContaining("2 letters put back, 1 stay")]);
      expect(said).toContain("1 letter: unknown origin: y");
      expect(seen).toEqual([
        {
          authorization: `Bearer token_auth_print-identity-token_--impersonate-service-account=client@p.iam.gserviceaccount.com_--audiences=${url}_--include-email`,
          body: '{"perSecond":50,"max":1000}',
        },
      ]);
    } finally {
      server.close();
      rmSync(folder, { recursive: true });
    }
  });
});
