import { progressOn } from "../../src/iam-check/command";

function terminal(isTTY: boolean) {
  const written: string[] = [];
  const stream = { isTTY, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
  return { written, stream };
}

test("a terminal shows one line that is gone in the end", () => {
  const { written, stream } = terminal(true);
  const show = progressOn(stream);
  for (const done of [1, 2, 3]) show?.(done, 3);
  expect(written).toEqual(["\r1 of 3 runs", "\r2 of 3 runs", "\r\x1b[K"]);
});

test("what is no terminal shows none", () => {
  expect(progressOn(terminal(false).stream)).toBeUndefined();
});
