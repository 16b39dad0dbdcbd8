import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const root = join(__dirname, "..", "..");

export interface Block {
  /** `README.md`, `docs/errors.md` */
  readonly document: string;
  /** Of its first line, from 1. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

/** The documents for people, by path. */
export function readDocuments(): ReadonlyMap<string, string> {
  const pages = readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`);
  const packages = readdirSync(join(root, "packages"))
    .map((name) => `packages/${name}/README.md`)
    .filter((path) => existsSync(join(root, path)));
  const own = ["README.md", "DESIGN.md", "CONTRIBUTING.md", "CHANGELOG.md", "samples/README.md"];
  const paths = [...own, ...pages.sort(), ...packages.sort()];
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

/** The fenced blocks of a document. */
export function blocksOf(document: string, markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(({ 1: language = "", 2: text = "", index }) => ({
    document,
    line: markdown.slice(0, index).split("\n").length + 1,
    language,
    text,
  }));
}

/** The file that a block is, by its first line: `// functions/mine/index.ts`, `# workers/mine/main.py`. */
export function fileOf({ text }: Block): string | undefined {
  return /^(?:\/\/|#) (\S+\.\w+)\n/.exec(text)?.[1];
}

/** The text of each block that is a file, by path. */
export function filesOf(blocks: readonly Block[]): Map<string, string> {
  return new Map(
    blocks.flatMap((block) => {
      const path = fileOf(block);
      return path === undefined ? [] : [[path, block.text] as const];
    }),
  );
}

export function readBlocks(document: string): Block[] {
  return blocksOf(document, readFileSync(join(root, document), "utf8"));
}

/** What stands below a heading, down to the next one of its level. */
export function sectionOf(markdown: string, heading: string): string {
  const [, level = ""] = /^(#+) /.exec(heading) ?? [];
  const start = markdown.indexOf(`\n${heading}\n`);
  if (start < 0) throw new Error(`there is no heading "${heading}"`);
  const body = markdown.slice(start + heading.length + 2);
  const end = body.search(new RegExp(`^#{1,${level.length}} `, "m"));
  return end < 0 ? body : body.slice(0, end);
}

/** The rows of the table whose first heading is this: cells without their surrounding blanks. */
export function tableOf(markdown: string, firstHeading: string): string[][] {
  const lines = markdown.split("\n");
  const start = lines.findIndex((line) => cellsOf(line)[0] === firstHeading);
  if (start < 0) throw new Error(`there is no table with the heading "${firstHeading}"`);
  const rows = lines.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith("|"));
  return rows.slice(0, end < 0 ? undefined : end).map(cellsOf);
}

function cellsOf(line: string): string[] {
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** All texts in backticks. */
export function codeIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code as string);
}

/** The anchors of a document: those of its headings as GitHub makes them, a second one of a name with -1, and its own. */
export function anchorsOf(markdown: string): Set<string> {
  const prose = markdown.replace(/^```.*?^```$/gms, "");
  const anchors = new Set([...prose.matchAll(/<a id="([^"]+)"><\/a>/g)].map(([, id]) => id as string));
  const times = new Map<string, number>();
  for (const [, heading = ""] of prose.matchAll(/^#+ (.*)$/gm)) {
    const anchor = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-");
    const before = times.get(anchor) ?? 0;
    anchors.add(before === 0 ? anchor : `${anchor}-${before}`);
    times.set(anchor, before + 1);
  }
  return anchors;
}
