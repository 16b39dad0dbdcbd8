/**
 * Keeps cdktf from writing down where each token was made: with a thousand resources, half of the time and more than half
 * of the memory of synthesis. Only error messages about misused tokens are poorer for it; call it not at all to have them
 * back. For the whole process: cdktf has no switch of its own (its successor has CDKTN_DISABLE_CREATION_STACK).
 */
export function skipTokenTraces(): void {
  Error.prepareStackTrace = (error, frames) => {
    // cdktf captures on a plain object; real errors keep their stack.
    if (!(error instanceof Error)) return "";
    return [String(error), ...frames.map((frame) => `    at ${frame}`)].join("\n");
  };
}
