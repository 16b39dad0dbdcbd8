import type { ResourceKind, Stack } from "@cdktf-serverless-ml/terraform-json";

export type Kind = ResourceKind | "client" | "dead-letter" | "vertex" | "project";

/** Something that calls or is called. */
export interface Box {
  /** Address of its resource, or what else identifies it in any version of the stack. */
  readonly key: string;
  readonly kind: Kind;
  /** Lines; the first one is its name. */
  readonly label: readonly string[];
  /** Of all resources that it stands for. */
  readonly addresses: readonly string[];
}

export interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly labels: readonly string[];
  /** Google delivers by itself; a solid arrow is a call that presents an identity of the stack. */
  readonly delivered: boolean;
  /** Of the grants and notifications that it stands for. */
  readonly addresses: readonly string[];
}

export interface Wiring {
  readonly boxes: readonly Box[];
  readonly arrows: readonly Arrow[];
}

/** What a drawing says that has no boxes. */
export const NOTHING = "nothing here calls anything";

/** What the wiring is read from. */
export type Wired = Pick<Stack, "name" | "defaults" | "resources">;

/** One arrow between two boxes for calls, one for what Google delivers. */
export function arrowKey({ from, to, delivered }: Arrow): string {
  return JSON.stringify([from, to, delivered]);
}
