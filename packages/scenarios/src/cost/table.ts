import { type BillLine, billOf, totalOf } from "./bill";
import type { Lever } from "./levers";
import type { Prices } from "./prices";
import { perItem, type Quantities, type Usage } from "./usage";

/** Levers that are shown. */
const SHOWN = 3;
const MILLION = 1_000_000;

export interface CostReport {
  readonly usage: Usage;
  readonly standing: Quantities;
  readonly prices: Prices;
  readonly levers: readonly Lever[];
  /** Names of Vertex AI's and Dataflow's own costs that are not counted. */
  readonly notCounted: readonly string[];
}

/** The table of `--cost`. */
export function costTable({ usage, standing, prices, levers, notCounted }: CostReport): string {
  const { item, items } = usage;
  const lines = billOf(perItem(usage, { ...usage.counted, ...usage.measured }), prices);
  const monthly = billOf(standing, prices);
  const total = totalOf(lines);
  const counted = totalOf(lines.filter(({ measured }) => !measured));
  const rows = lines.map((line) => [
    line.service,
    `${line.what}${line.measured ? " *" : ""}`,
    amount(line.quantity),
    line.cost === undefined ? "by its machines" : money(line.cost * MILLION),
    line.cost === undefined || total === 0 ? "" : `${((line.cost / total) * 100).toFixed(1)} %`,
    line.price === undefined || line.price.sure === "verified" ? "" : line.price.sure,
  ]);
  const sums = [
    ...(counted === total ? [] : [["", "counted", "", money(counted * MILLION), "", ""]]),
    ["", "all", "", money(total * MILLION), "", ""],
  ];
  const head = ["", "", `per ${item}`, `${prices.currency} per million`, "share", "price"];
  return [
    `Cost at list prices of ${prices.region}, from ${items} ${items === 1 ? item : `${item}s`} of this run`,
    ...aligned([head, ...rows, ...sums]),
    "  * by the time that work took on this machine",
    "",
    ...(monthly.length === 0
      ? []
      : ["A month, whether it works or not", ...aligned(monthly.map(standingRow(prices.currency))), ""]),
    "Not counted",
    ...notCounted.map((what) => `  ${what}`),
    "",
    levers.length === 0 ? "No setting that was tried lowers it" : "What lowers it most",
    ...levers
      .slice(0, SHOWN)
      .flatMap(({ setting, from, to, saves, if: condition }) => [
        `  ${(saves * 100).toFixed(0).padStart(3)} % less: ${setting}: ${to} (now: ${from})`,
        `            if ${condition}`,
      ]),
  ].join("\n");
}

const standingRow = (currency: string) => (line: BillLine) => [
  line.service,
  line.what,
  amount(line.quantity),
  `${money(line.cost ?? 0)} ${currency}`,
];

/** One line for the summary: what is billed of an item, without times. */
export function countsLine(usage: Usage): string {
  const lines = billOf(usage.perItem, { prices: {} });
  const services = [...new Set(lines.map(({ service }) => service))];
  const parts = services.map((name) => {
    const of = lines.filter(({ service }) => service === name);
    return `${name} ${of.map(({ quantity, what }) => `${amount(quantity)} ${what}`).join(", ")}`;
  });
  return parts.join("; ");
}

/** Columns of one width; from the third on they end at the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  return rows.map((row) =>
    `  ${row.map((cell, at) => (at < 2 || at > 4 ? cell.padEnd(width(at)) : cell.padStart(width(at)))).join("  ")}`.trimEnd(),
  );
}

/** Up to four digits after the point, none for large numbers. */
function amount(quantity: number): string {
  if (quantity >= 1000) return Math.round(quantity).toLocaleString("en-US");
  return String(Number(quantity.toFixed(quantity >= 10 ? 1 : quantity >= 0.01 ? 3 : 5)));
}

function money(value: number): string {
  if (value > 0 && value < 0.005) return "< 0.01";
  return value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}
