import htm from "htm";
import { h, type VNode } from "preact";

/** Markup in a template literal. Values are set as text or properties, never as markup. */
export const html = htm.bind(h as (...args: Parameters<typeof h>) => VNode) as (
  strings: TemplateStringsArray,
  ...values: unknown[]
) => VNode;
