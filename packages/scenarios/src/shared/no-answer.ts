import type { InvocationResult } from "@cdktf-serverless-ml/emulator";

/** What the sender of a request sees that gets no answer. */
export function noAnswer(failure: "deadline" | "connection"): InvocationResult {
  return { status: 0, headers: {}, body: Buffer.alloc(0), failure };
}
