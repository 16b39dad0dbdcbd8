/** What is wrong with a definition, each with the path to it: `main.read.try.call`. */
export class Problems {
  readonly found: string[] = [];

  add(path: readonly (string | number)[], message: string): void {
    this.found.push(path.length === 0 ? message : `${path.join(".")}: ${message}`);
  }
}
