/**
 * Keeps cdktf from recording where each token was created. With a thousand resources, that takes
 * half of the time and more than half of the memory of synthesis. Without the records, error
 * messages about misused tokens say less; leave this call out to get them back. It works for the
 * whole process: cdktf has no switch of its own (its successor has CDKTN_DISABLE_CREATION_STACK).
 */
export function skipTokenTraces(): void {
  Error.prepareStackTrace = (error, frames) => {
    // cdktf captures on a plain object. Real errors keep their stack.
    if (!(error instanceof Error)) return "";
    return [String(error), ...frames.map((frame) => `    at ${frame}`)].join("\n");
  };
}
