import { RE2JS } from "re2js";
import { raised } from "../errors";

export interface Match {
  /** Of its first character, in UTF-16 units. */
  readonly start: number;
  readonly text: string;
}

/**
 * RE2's answers: the leftmost match, and of several that begin there the longest.
 *
 * Source: docs/reference/stdlib/text/find_all_regex, https://github.com/google/re2/wiki/Syntax.
 *
 * @throws RaisedError ValueError for what RE2 does not support, such as lookaround and
 *   backreferences
 */
export class Expression {
  private readonly compiled: RE2JS;

  constructor(source: string) {
    try {
      this.compiled = RE2JS.compile(source, RE2JS.LONGEST_MATCH);
    } catch (error) {
      throw raised("ValueError", `invalid regular expression ${JSON.stringify(source)}: ${(error as Error).message}`);
    }
  }

  matches(text: string): boolean {
    return this.compiled.matcher(text).find();
  }

  /**
   * All that do not overlap. An empty match that touches the one before is left out, as RE2 and Go
   * do.
   */
  all(text: string): Match[] {
    const matcher = this.compiled.matcher(text);
    const found: Match[] = [];
    let end = -1;
    while (matcher.find()) {
      const match = { start: matcher.start(), text: matcher.group() ?? "" };
      if (match.text !== "" || match.start !== end) found.push(match);
      end = matcher.end();
    }
    return found;
  }

  /**
   * The replacement is taken as it is: it cannot refer to groups. Source:
   * docs/reference/stdlib/text/replace_all_regex.
   */
  replaceAll(text: string, replacement: string): string {
    let from = 0;
    let result = "";
    for (const { start, text: matched } of this.all(text)) {
      result += text.slice(from, start) + replacement;
      from = start + matched.length;
    }
    return result + text.slice(from);
  }
}
