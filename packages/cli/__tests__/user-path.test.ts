import { resolve } from "node:path";
import { userProgram } from "../src";

test("a program is a name for PATH, or a path from the folder of the user", () => {
  const before = process.env.INIT_CWD;
  process.env.INIT_CWD = "/home/ann";
  const programs = ["python3.12", "venv/bin/python", "./python", "/usr/bin/python3"].map(userProgram);
  if (before === undefined) delete process.env.INIT_CWD;
  else process.env.INIT_CWD = before;
  expect(programs).toEqual([
    "python3.12",
    resolve("/home/ann/venv/bin/python"),
    resolve("/home/ann/python"),
    resolve("/usr/bin/python3"),
  ]);
});
