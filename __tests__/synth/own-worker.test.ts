import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { filesOf, readBlocks } from "../docs/markdown";
import { copyProject, ROOT, removeFolders, run, temporaryFolder, writeInto } from "./project-copy";

afterAll(removeFolders);

const blocks = readBlocks("docs/own-worker.md");
const files = filesOf([...blocks, ...readBlocks("docs/local.md").filter(({ text }) => text.startsWith("// drivers/"))]);
const stacks = [...files.keys()].flatMap((path) => /^stacks\/(\w+)\.ts$/.exec(path)?.[1] ?? []);
const capital = (name: string) => name.replace(/^./, (letter) => letter.toUpperCase());

/** main.ts with the lines that the page adds, and the same for every other stack of the page. */
function withStacks(main: string): string {
  const [diff = ""] = blocks.filter(({ language }) => language === "diff").map(({ text }) => text);
  const hunks = [...diff.matchAll(/^ (.*)\n\+(.*)\n/gm)];
  expect(hunks).toHaveLength(2);
  return hunks.reduce((text, [, before = "", added = ""]) => {
    expect(text).toContain(`${before}\n`);
    const all = stacks.map((name) => added.replaceAll("Shouting", capital(name)).replaceAll("shouting", name));
    return text.replace(`${before}\n`, `${before}\n${all.join("\n")}\n`);
  }, main);
}

/** The options of the page's `npm run local -- …` lines. */
const runs = blocks.flatMap(({ language, text }) =>
  language === "sh"
    ? [...text.matchAll(/^npm run local -- (\w+) (.*)$/gm)].map(([, stack, rest]) => ({ stack, rest }))
    : [],
);

describe("docs/own-worker.md, followed in a clone without dist/", () => {
  const clone = temporaryFolder("a clone");

  beforeAll(() => {
    copyProject(clone);
    cpSync(join(ROOT, "samples"), join(clone, "samples"), { recursive: true });
    for (const [path, text] of files) if (path !== "main.ts") writeInto(clone, path, text);
    writeFileSync(join(clone, "main.ts"), withStacks(readFileSync(join(ROOT, "main.ts"), "utf8")));
    const [lines] = blocks.filter(({ language }) => language === "jsonl");
    writeFileSync(join(clone, "words.jsonl"), lines?.text ?? "");
    run("npm", ["run", "--silent", "synth"], clone);
  });

  test("synthesizes each stack of the page", () => {
    expect(stacks).toEqual(["shouting", "counting", "reporting", "lengths"]);
    expect(existsSync(join(clone, "dist"))).toBe(false);
    for (const stack of stacks) expect(existsSync(join(clone, "cdktf.out/stacks", stack, "cdk.tf.json"))).toBe(true);
  });

  const RESULTS: Readonly<Record<string, [path: RegExp, content: unknown]>> = {
    shouting: [/^my-gcp-project-shouting-shouts-dev\/shout-0\.json$/, '{\n  "shout": "TEXT 0!"\n}\n'],
    counting: [/^my-gcp-project-counting-fanout-results-dev\/count\/\d+\.json$/, '{\n  "count": 3\n}\n'],
    reporting: [
      /\/runs\/local-1\/report\/report\.md$/,
      expect.stringMatching(/^# Report\n\nAccuracy of local-1: 0\.9\d+\n$/),
    ],
    lengths: [
      /\/shard-00000\.jsonl$/,
      expect.stringMatching(/^\{"instance":\{"sepal_length":5\.1,.*\},"prediction":75\}\n/),
    ],
  };

  test.each(runs)(
    "runs $stack by the page's command, with the result where the page says",
    ({ stack = "", rest = "" }) => {
      const printed = run("npm", ["run", "--silent", "local", "--", stack, ...rest.split(" ")], clone);
      expect(printed).toMatch(new RegExp(`^OK  ${stack}  `, "m"));
      expect(printed).not.toContain("undefined");
      const [, output = ""] = /--output (\S+)/.exec(rest) ?? [];
      const [path, content] = RESULTS[stack] as [RegExp, unknown];
      const [kept = ""] = readdirSync(join(clone, output), { recursive: true, encoding: "utf8" }).filter((file) =>
        path.test(file),
      );
      expect(readFileSync(join(clone, output, kept), "utf8")).toEqual(content);
    },
  );

  test("runs every stack of the page that the emulator can", () => {
    expect(runs.map(({ stack }) => stack)).toEqual(stacks);
  });
});
