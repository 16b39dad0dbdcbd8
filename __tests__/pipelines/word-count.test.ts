import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { context } from "../../packages/emulator/__tests__/support/context";
import { runWordCount } from "../../packages/emulator/src/dataflow/word-count";
import { cloudStorage } from "../../packages/emulator/src/storage";
import { PYTHON, withBeam } from "../support/beam";

/*
 * The emulator's WordCount against Beam's own example. The Java one, which Google's template is,
 * splits at everything other than letters; the Python one takes apostrophes, digits and underscores
 * for letters. So Beam's gets blanks in their place.
 */

const OPTICKS = readFileSync(join(__dirname, "../../samples/opticks.txt"), "utf8");

const folder = mkdtempSync(join(tmpdir(), "word-count-"));
afterAll(() => rmSync(folder, { recursive: true }));

function beamsCounts(text: string): string[] {
  writeFileSync(join(folder, "in.txt"), text);
  const runner = "--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner";
  const files = [`--input=${join(folder, "in.txt")}`, `--output=${join(folder, "out")}`];
  const { status, stderr } = spawnSync(PYTHON, ["-m", "apache_beam.examples.wordcount", ...files, runner], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return readFileSync(join(folder, "out-00000-of-00001"), "utf8").trimEnd().split("\n").sort();
}

function ourCounts(text: string): string[] {
  const caller = { email: "worker@p" };
  const bucket = { address: "b", type: "google_storage_bucket", attributes: { name: "b" } };
  const storage = cloudStorage.create(context({ grants: "everything" }), [bucket]);
  storage.put(caller, "b", "in.txt", text);
  const parameters = { inputFile: "gs://b/in.txt", output: "gs://b/out" };
  runWordCount(storage, caller, { id: "job", tempLocation: "gs://b/temp", parameters });
  return storage.get(caller, "b", "out-00000-of-00001").content.toString().trimEnd().split("\n").sort();
}

// A start of Beam takes seconds, and more on a busy machine.
jest.setTimeout(240_000);

withBeam(() => {
  test("counts the words of the Opticks as Beam does", () => {
    const counts = ourCounts(OPTICKS);
    expect(counts.length).toBeGreaterThan(900);
    expect(counts).toEqual(beamsCounts(OPTICKS.replace(/['\d_]/g, " ")));
  });
});
