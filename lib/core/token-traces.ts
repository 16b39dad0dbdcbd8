/**
 * Keeps cdktf from recording where each token was created. With 28,000 resources, that takes
 * half of the time and two fifths of the memory of synthesis. Without the records, error
 * messages about misused tokens say less; leave this call out to get them back. It works for the
 * whole process: cdktf has no switch of its own (its successor has CDKTN_DISABLE_CREATION_STACK).
 */
export function skipTokenTraces(): void {
  const capture = Error.captureStackTrace;
  if (skipping.has(capture)) return;
  const captureOthers: typeof capture = (target, below) => {
    // cdktf captures on a plain object with an empty stack, and takes an empty one for no trace.
    // Errors, and objects of others, get their stack.
    if (!(target instanceof Error) && (target as { readonly stack?: unknown }).stack === "") return;
    capture(target, below ?? captureOthers);
  };
  skipping.add(captureOthers);
  Error.captureStackTrace = captureOthers;
}

const skipping = new WeakSet<typeof Error.captureStackTrace>();
