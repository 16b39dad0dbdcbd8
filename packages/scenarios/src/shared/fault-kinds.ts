/** A fault of a delivery: a request of a queue, a push subscription or a schedule. */
export type DeliveryFault =
  /** The sender gets this status, and the target never sees the request. */
  | "answered 500"
  | "answered 503"
  | "answered 429"
  /**
   * The target's process is killed when it gets the request, or after its answer, which is lost.
   */
  | "crash before the work"
  | "crash after the work"
  /** The target does the work, and the connection breaks before the answer arrives. */
  | "answer lost"
  /** The sender's deadline passes. The request arrives after it, and its answer is dropped. */
  | "hang"
  /** Two deliveries at once. The second one's answer counts. */
  | "twice at once"
  /** A second delivery some time after the answer. */
  | "again later"
  /** The delivery is held back, so that later ones overtake it. */
  | "delayed";

/** A fault of a call of a Google API by a function or a workflow of the stack. */
export type CallFault =
  | "call answered 429"
  | "call answered 500"
  | "call answered 503"
  /**
   * The call succeeds, and the caller is told that its precondition fails, as when a front end
   * repeats a write.
   */
  | "call answered 412"
  | "call reset before"
  | "call reset after"
  /** Cloud Storage answers late. */
  | "slow call"
  /** The calling process is killed after the call succeeded. */
  | "caller crashed";

/**
 * A workflow's call times out and arrives later. Functions get none, because their time cannot be
 * virtual.
 */
export type HangingCall = "call hangs";

/** A fault of what Google's services publish: forwarded dead letters and bucket notifications. */
export type PublishFault = "publish failed" | "publish unanswered";

/** The first publish of a function's dead letter fails. */
export type DeadLetterFault = "dead letter failed";

/** What poison of the generated inputs does. */
export type PoisonFault = "poison failed" | "poison killed";

export type FaultKind = DeliveryFault | CallFault | HangingCall | PublishFault | DeadLetterFault | PoisonFault;
