import type { Change } from "../src/change";
import { planReading } from "../src/plan";
import { review } from "../src/review";
import { SETTING_RULES, settingNotes } from "../src/setting-rules";
import { commentOf, plan } from "./support";

const changesOf = (name: string) => planReading(plan(name), "shop.json").changes;
const worse = [...changesOf("settings-exposed"), ...changesOf("settings-lost")];

describe("a setting that exposes or loses something is a hazard", () => {
  // The provider planned each of these changes: see fixtures/cases.mjs.
  test.each(
    SETTING_RULES.map((rule) => [`${rule.types?.join(", ") ?? "any type"}: ${rule.path.join(".")}`, rule] as const),
  )("%s", (_, rule) => {
    const by = (changes: readonly Change[]) =>
      changes.filter((change) => {
        const alone = { ...change, action: change.action === "replace" ? ("update" as const) : change.action };
        return (
          (rule.types?.includes(change.type) ?? true) && settingNotes(alone).some(({ text }) => text === rule.text)
        );
      });
    const shown = by(worse).filter(({ before, after }) => {
      const [old, now] = [before, after].map((side) => JSON.stringify(side?.[rule.path[0] ?? "source_ranges"]));
      return rule.path.length === 0 || old !== now;
    });
    expect(shown).not.toEqual([]);
  });

  test("the reverse change is none", () => {
    const back = [...changesOf("settings-closed"), ...changesOf("settings-kept")];
    expect(back.length).toBe(worse.length);
    const noted = back.filter((change) => settingNotes(change).length > 0);
    // The same rules of two buckets: what the one gives up, the other one gains.
    expect(noted.map(({ address }) => address)).toEqual(["google_storage_bucket.longer"]);
  });

  test("an unchanged setting is none", () => {
    const still = worse.map((change) => ({ ...change, before: change.after }));
    expect(still.flatMap(settingNotes)).toEqual([]);
  });

  test("a new resource has the provider's and Google's defaults", () => {
    const text = commentOf(plan("settings-unset"));
    expect(text.match(/is created\.\n {2}- The whole internet can reach it/g)).toHaveLength(2);
  });

  test("a value that is known only after the apply may be the worst one", () => {
    expect(commentOf(plan("settings-unknown"))).toContain(
      "  - `service_config.ingress_settings` is known only after the apply. At worst: the whole internet can reach it. Only IAM decides who may call it.",
    );
  });

  test("any change of a batch job replaces it, a label too", () => {
    const { hazards } = review([planReading(plan("dataflow-labelled"), "shop.json")]);
    expect(hazards).toMatchObject([
      { action: "replace", notes: [{ text: expect.stringContaining("not even its labels") }] },
    ]);
  });
});
