const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const works = new Set<() => void>();

/**
 * Does work when this process ends, also by a signal without another handler, so that no process
 * and no temporary folder is left behind. The work must be synchronous.
 *
 * @returns a function that removes the work
 */
export function whenProcessEnds(work: () => void): () => void {
  if (works.size === 0) listen();
  works.add(work);
  return () => {
    if (works.delete(work) && works.size === 0) stopListening();
  };
}

function doAll(): void {
  for (const work of works) work();
}

/**
 * Another handler of the signal ends the process in its own way. Without one, the process ends as
 * by default.
 */
function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  doAll();
  stopListening();
  process.kill(process.pid, signal);
}

function listen(): void {
  process.on("exit", doAll);
  for (const signal of SIGNALS) process.on(signal, onSignal);
}

function stopListening(): void {
  process.off("exit", doAll);
  for (const signal of SIGNALS) process.off(signal, onSignal);
}
