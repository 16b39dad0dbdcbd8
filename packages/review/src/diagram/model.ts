import type { ResourceKind, Stack } from "@cdktf-serverless-ml/terraform-json";

export type Kind = ResourceKind | "client" | "dead-letter" | "vertex" | "project";

/** A resource that calls or is called. */
export interface Box {
  /**
   * The address of its resource, or another identifier that is the same in all versions of the
   * stack.
   */
  readonly key: string;
  readonly kind: Kind;
  /** Lines; the first one is the name. */
  readonly label: readonly string[];
  /** Addresses of all resources that it stands for. */
  readonly addresses: readonly string[];
}

export interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly labels: readonly string[];
  /** Whether Google delivers by itself. Otherwise it is a call with an identity of the stack. */
  readonly delivered: boolean;
  /** Addresses of the grants and notifications that it stands for. */
  readonly addresses: readonly string[];
}

export interface Wiring {
  readonly boxes: readonly Box[];
  readonly arrows: readonly Arrow[];
}

/** The text of a drawing without boxes. */
export const NOTHING = "nothing here calls anything";

/** The parts of a stack that the wiring is read from. */
export type Wired = Pick<Stack, "name" | "defaults" | "resources">;

/** One arrow between two boxes for calls, one for what Google delivers. */
export function arrowKey({ from, to, delivered }: Arrow): string {
  return JSON.stringify([from, to, delivered]);
}
