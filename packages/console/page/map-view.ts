import type { VNode } from "preact";
import type { ArrowState, MapArrow, MapBox, Point, StackMap, StackState } from "../src/api-types";
import { alarmsOf, badgeOf } from "./badge";
import { shortCount } from "./format";
import { html } from "./html";

export interface MapProps {
  readonly map: StackMap;
  readonly state?: StackState;
  /** Id of the box that is open. */
  readonly chosen?: string;
  readonly onChoose: (box: MapBox) => void;
}

const MARGIN = 28;
const LINE = 14;

/** The wiring of a stack as docs/diagrams draw it, with what is in each box now. */
export function MapView({ map, state, chosen, onChoose }: MapProps): VNode {
  const kinds = new Map(map.boxes.map(({ id, kind }) => [id, kind]));
  const place = [-MARGIN, -MARGIN, map.width + 2 * MARGIN, map.height + 2 * MARGIN].join(" ");
  return html`<svg class="map" viewBox=${place} role="group" aria-label="Map of the stack"
    style=${{ maxWidth: `${map.width * 1.25 + 2 * MARGIN}px` }}>
    ${map.arrows.map((arrow) => html`<${Line} key=${arrow.id} arrow=${arrow} kind=${kinds.get(arrow.to) ?? ""} />`)}
    ${map.boxes.map(
      (box) => html`<${Box} key=${box.id} box=${box} state=${state?.boxes[box.id]} isChosen=${box.id === chosen}
        onChoose=${onChoose} />`,
    )}
    ${map.arrows.map(
      (arrow) => html`<${Label} key=${arrow.id} arrow=${arrow} kind=${kinds.get(arrow.to) ?? ""}
        state=${state?.arrows[arrow.id]} />`,
    )}
  </svg>`;
}

function Line({ arrow, kind }: { readonly arrow: MapArrow; readonly kind: string }): VNode {
  return html`<g class=${`arrow kind-${kind}`} aria-hidden="true">
    <path class="line" d=${arrow.line} stroke-dasharray=${arrow.delivered ? "5 4" : undefined} />
    <path class="tip" d=${arrow.head} />
  </g>`;
}

function Label({
  arrow: { label, labelMiddle, line },
  kind,
  state,
}: {
  readonly arrow: MapArrow;
  readonly kind: string;
  readonly state?: ArrowState;
}): VNode | null {
  const count = state && state.count > 0 ? `×${shortCount(state.count)}` : "";
  const lines = [...label, ...(count ? [count] : [])];
  if (lines.length === 0) return null;
  const [x, y] = label.length > 0 ? labelMiddle : middleOf(line);
  return html`<g class=${`label kind-${kind}`} aria-hidden="true">${lines.map(
    (line, index) => html`<text key=${index} x=${x} y=${y + (index - (Math.max(label.length, 1) - 1) / 2) * LINE + 4}
      class=${line === count ? "count" : ""}>${line}${
        line === count &&
        state &&
        state.failed > 0 &&
        html`<tspan class="bad">${` ✗${shortCount(state.failed)}`}</tspan>`
      }</text>`,
  )}</g>`;
}

/** About the middle of a line, of which the points are in the path. */
function middleOf(line: string): Point {
  const numbers = line.match(/-?[\d.]+/g)?.map(Number) ?? [];
  const point = Math.floor(numbers.length / 4) * 2;
  return [numbers[point] ?? 0, numbers[point + 1] ?? 0];
}

function Box({
  box,
  state,
  isChosen,
  onChoose,
}: {
  readonly box: MapBox;
  readonly state?: NonNullable<MapProps["state"]>["boxes"][string];
  readonly isChosen: boolean;
  readonly onChoose: (box: MapBox) => void;
}): VNode {
  const { kind, name, details, width, height } = box;
  const [x, y] = box.middle;
  const badge = badgeOf(kind, state);
  const alarms = alarmsOf(kind, state);
  const rows = [...name.map((text) => ({ text, of: "name" })), ...details.map((text) => ({ text, of: "detail" }))];
  // A bucket's lid is above its text.
  const below = kind === "bucket" ? 5 : 0;
  const choose = () => onChoose(box);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    choose();
  };
  const label = [...name, ...details, badge, alarms > 0 ? shortCount(alarms) : "", kind].filter(Boolean).join(" ");
  return html`<g class=${`box kind-${kind} ${isChosen ? "chosen" : ""}`} role="button" tabindex="0"
    aria-label=${label} aria-pressed=${isChosen} onClick=${choose} onKeyDown=${onKeyDown}>
    <path class="shape" d=${box.outline} />
    ${rows.map(
      ({ text, of }, index) => html`<text key=${index} class=${of} x=${x}
        y=${y + below + (index - (rows.length - 1) / 2) * 16 + 5}>${text}</text>${" "}`,
    )}
    ${badge && html`<text class="badge" x=${x} y=${y + height / 2 + 14}>${badge}</text>${" "}`}
    ${
      alarms > 0 &&
      html`<g class="alarm"><circle cx=${x + width / 2} cy=${y - height / 2} r="10" />
      <text x=${x + width / 2} y=${y - height / 2 + 4}>${shortCount(alarms)}</text></g>`
    }
  </g>`;
}
