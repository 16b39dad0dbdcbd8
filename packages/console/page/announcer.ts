import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { counted } from "./format";
import { html } from "./html";
import type { Store } from "./store";

/** At most one sentence in so many milliseconds, or a screen reader would never end. */
const PAUSE = 3_000;

/** Says new failures to screen readers. */
export function Announcer({ store }: { readonly store: Store }): VNode {
  const [text, setText] = useState("");
  const known = useRef(new Map<string, number>());
  useEffect(() => {
    const timer = setInterval(() => {
      const news = [...store.stacks].flatMap(([name, { summary, state }]) => {
        const failures = Math.max(summary.failures, (state?.summary.denied ?? 0) + (state?.summary.deadLetters ?? 0));
        const before = known.current.get(name);
        known.current.set(name, failures);
        return before !== undefined && failures > before
          ? [`${name}: ${counted(failures - before, "new failure")}`]
          : [];
      });
      if (news.length > 0) setText(news.join(". "));
    }, PAUSE);
    return () => clearInterval(timer);
  }, [store]);
  return html`<p class="visually-hidden" role="status" aria-live="polite">${text}</p>`;
}
