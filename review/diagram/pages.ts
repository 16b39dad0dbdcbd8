import { StackError } from "../../terraform";

const BEGIN = "<!-- drawn by npm run diagram -->";
const END = "<!-- end of the drawing -->";

/**
 * A page with its drawing replaced: what stands between the two comments.
 *
 * @param path for the error
 * @throws StackError if the page does not have both comments, in this order
 */
export function withDiagram(page: string, chart: string, path: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new StackError(`${path} has no ${BEGIN} followed by ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n\`\`\`mermaid\n${chart}\`\`\`\n\n${page.slice(end)}`;
}
