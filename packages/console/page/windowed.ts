import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "./html";

export interface WindowedProps {
  /** For screen readers. */
  readonly label: string;
  readonly count: number;
  /** Pixels; each row has this height. */
  readonly rowHeight: number;
  readonly row: (index: number) => VNode | undefined;
  /** Cells of the head, above all rows. @default - none */
  readonly head?: VNode;
  /** Shown if there are no rows. */
  readonly empty: string;
}

const MORE = 8;

/** A long list of which the rows that can be seen are in the page. */
export function Windowed({ label, count, rowHeight, row, head, empty }: WindowedProps): VNode {
  const box = useRef<HTMLDivElement>(null);
  const [{ top, height }, setPlace] = useState({ top: 0, height: 600 });
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => setPlace({ top: element.scrollTop, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener("scroll", measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", measure);
    };
  }, []);
  const first = Math.max(0, Math.floor(top / rowHeight) - MORE);
  const last = Math.min(count, Math.ceil((top + height) / rowHeight) + MORE);
  const rows = Array.from({ length: Math.max(0, last - first) }, (_, offset) => {
    const index = first + offset;
    return html`<div role="row" aria-rowindex=${index + 2} class="row" key=${index}
      style=${{ transform: `translateY(${index * rowHeight}px)`, height: `${rowHeight}px` }}>${row(index)}</div>`;
  });
  return html`<div class="windowed" role="table" aria-label=${label} aria-rowcount=${count + 1} tabindex="0" ref=${box}>
    ${head && html`<div role="row" class="row head" aria-rowindex="1">${head}</div>`}
    ${
      count === 0
        ? html`<div role="row" class="empty"><span role="cell">${empty}</span></div>`
        : html`<div role="rowgroup" class="rows" style=${{ height: `${count * rowHeight}px` }}>${rows}</div>`
    }
  </div>`;
}
