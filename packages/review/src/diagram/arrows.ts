import { type Arrow, arrowKey } from "./model";

/** The arrows of a drawing; between two boxes, one for calls and one for what Google delivers. */
export class Arrows {
  private readonly byKey = new Map<string, Arrow>();

  all(): Arrow[] {
    return [...this.byKey.values()];
  }

  call(from: string, to: string, label: string, addresses: readonly string[] = []): void {
    this.connect({ from, to, labels: [label], delivered: false, addresses });
  }

  deliver(from: string, to: string, label: string, addresses: readonly string[] = []): void {
    this.connect({ from, to, labels: label ? [label] : [], delivered: true, addresses });
  }

  /** Adds grants to an existing arrow. */
  join(from: string, to: string, addresses: readonly string[]): void {
    const arrow = this.all().find((known) => known.from === from && known.to === to);
    if (arrow) this.connect({ ...arrow, labels: [], addresses });
  }

  private connect(arrow: Arrow): void {
    const key = arrowKey(arrow);
    const known = this.byKey.get(key);
    this.byKey.set(key, {
      ...arrow,
      labels: [...new Set([...(known?.labels ?? []), ...arrow.labels])].sort(),
      addresses: [...new Set([...(known?.addresses ?? []), ...arrow.addresses])],
    });
  }
}
