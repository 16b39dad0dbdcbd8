import type { Kind } from "./model";

export interface Colours {
  readonly fill: string;
  /** The colour of the edge and, in an SVG file, of the arrows to the box and of their labels. */
  readonly stroke: string;
}

/** Dark text on a light background is readable in GitHub's light and dark themes. */
export const INK = "#202124";
/** For text below a name. */
export const PALE_INK = "#5f6368";

/**
 * The colours of each kind. Each stroke has a contrast of at least 4.5 to 1 on white, as text needs
 * (WCAG 2.2, 1.4.3).
 */
export const THEME: Readonly<Record<Kind, Colours>> = {
  client: { fill: "#f1f3f4", stroke: "#5f6368" },
  schedule: { fill: "#fef7e0", stroke: "#b06000" },
  queue: { fill: "#e6f4ea", stroke: "#188038" },
  function: { fill: "#e8f0fe", stroke: "#1967d2" },
  service: { fill: "#e8f0fe", stroke: "#1967d2" },
  pool: { fill: "#e8f0fe", stroke: "#1967d2" },
  topic: { fill: "#f3e8fd", stroke: "#8430ce" },
  "dead-letter": { fill: "#fce8e6", stroke: "#c5221f" },
  subscription: { fill: "#f3e8fd", stroke: "#8430ce" },
  bucket: { fill: "#e4f7fb", stroke: "#007b83" },
  workflow: { fill: "#e8f0fe", stroke: "#1967d2" },
  job: { fill: "#fde7f3", stroke: "#b80672" },
  vertex: { fill: "#fde7f3", stroke: "#b80672" },
  project: { fill: "#fce8e6", stroke: "#c5221f" },
};
