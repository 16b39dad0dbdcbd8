import * as fc from "fast-check";
import { FakeGoogle } from "./fake-google";
import { finishedRuns } from "./finished-runs";
import { effectsIn, printRun, RUNS, SEED, startTarget } from "./fuzzing";
import { harmOf } from "./harm";
import { type FileRecipe, spoilt } from "./hostile-files";
import { type Built, build, largest, lookAlikesOf, type Recipe, recipes } from "./hostile-request";
import { type RawReply, sendRaw } from "./raw-http";
import type { Served } from "./serve";
import { FINISHED_RUNS, type Folder, type Target, targets } from "./targets";

let google: FakeGoogle;
let runs: Record<string, string>;
const shares: string[] = [];
const output: string[] = [];

/**
 * Tests of functions that are sent what nobody should send: first chosen requests (each right value replaced by wrong ones that
 * look like it, sizes near the limits), then spoilt ones at random, `FUZZ_RUNS` in all. Each is checked by `harmOf`, and what was
 * accepted is sent again. `npm run test:deep` runs them; it prints the seed, and
 * what share of the requests got as far as the functions' work.
 */
export function fuzzAll(folders: readonly Folder[]): void {
  beforeAll(async () => {
    google = await FakeGoogle.start();
    runs = await finishedRuns(FINISHED_RUNS);
    // As deployed; otherwise the framework tells its stacks.
    process.env.NODE_ENV = "production";
    for (const method of ["log", "info", "warn", "error", "debug"] as const) {
      jest.spyOn(console, method).mockImplementation((...parts) => void output.push(parts.join(" ")));
    }
  });

  afterAll(async () => {
    jest.restoreAllMocks();
    await google.stop();
    printRun(`FUZZ_RUNS=${RUNS}; hostile requests that reached the work: ${shares.join(", ")}`);
  });

  for (const folder of folders) describe(folder, () => fuzz(folder));
}

function fuzz(folder: Folder): void {
  const target = targets[folder];
  const index = Object.keys(targets).indexOf(folder);
  let server: Served;

  beforeAll(async () => {
    server = await startTarget(folder, google);
  });
  afterAll(() => server.stop());

  const prepare = (file?: FileRecipe) =>
    target.prepare(google, { runs, upload: (text) => (file ? spoilt(text, file) : text) });

  /** @returns whether it got as far as the function's work: it asked Google for something else than a dead letter. */
  async function attack(recipe: Recipe): Promise<boolean> {
    google.reset();
    output.length = 0;
    const built = build(recipe, target, prepare(recipe.file));
    const before = google.buckets.texts;
    const reply = await sendRaw(server.url, built.request);
    expect(harmOf({ folder, target, built, reply, google, before, output })).toEqual([]);
    const works = google.asked(/^(?!POST pubsub)/).length > 0;
    if (reply && reply.status < 300 && isRepeatable(target, built)) await expectNothingTwice(server, built, reply);
    return works;
  }

  test(
    "hostile requests do no harm",
    async () => {
      let reached = 0;
      const chosen = [...largest(target), ...lookAlikesOf(target, prepare())];
      for (const recipe of chosen) if (await attack(recipe).catch(explainedBy(recipe))) reached++;

      const random = Math.max(RUNS - chosen.length, Math.ceil(RUNS / 2));
      const harmless = fc.asyncProperty(recipes(target), async (recipe) => {
        if (await attack(recipe)) reached++;
      });
      // Each function gets requests of its own.
      await fc.assert(harmless, { numRuns: random, seed: SEED + index });
      const all = chosen.length + random;
      shares.push(`${folder} ${Math.round((100 * reached) / all)} % of ${all}`);
    },
    60_000 + RUNS * 50,
  );
}

function explainedBy(recipe: Recipe) {
  return (error: Error) => {
    error.message = `${JSON.stringify(recipe)}\n${error.message}`;
    throw error;
  };
}

/** What has no name of its own, such as a run that somebody starts by hand, begins anew each time. */
function isRepeatable({ calledBy }: Target, { isDelivery }: Built): boolean {
  return google.published.length === 0 && (isDelivery || calledBy === "client");
}

async function expectNothingTwice({ url }: Served, { request }: Built, { status }: RawReply): Promise<void> {
  const once = effectsIn(google);
  const again = await sendRaw(url, request);
  expect([again?.status, effectsIn(google), google.published]).toEqual([status, once, []]);
}
