// cdktf notes for every token where it was made, which takes more than half the time of tests that
// synthesize. Errors keep theirs.
export const captureTrace = Error.captureStackTrace;
Error.captureStackTrace = (target, below) => {
  if (target instanceof Error) captureTrace(target, below);
};
