/** Tells one listener that a request has to end. An AbortSignal is one. */
export interface Ending {
  readonly aborted: boolean;
  onabort: ((...args: never[]) => unknown) | null;
}

/** An AbortController for one listener. Each request has two, and that of Node.js takes its time. */
export class RequestEnd implements Ending {
  aborted = false;
  onabort: (() => unknown) | null = null;

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    this.onabort?.();
  }
}
