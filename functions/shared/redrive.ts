/*
 * A dead letter that is put back becomes a new task or message. These headers and attributes tell
 * the worker which task or message it was at first, so that its effect keeps its name and happens
 * once.
 */

/** Headers of a redriven task: its name at first, and how often it was put back. */
export const REDRIVE_TASK = "X-Redrive-Task";
export const REDRIVE_COUNT = "X-Redrive-Count";

/** Attributes of a redriven message. */
export interface RedriveAttributes {
  /** Id of the message that failed at first. */
  redriveMessageId?: string;
  /** Its publish time, RFC 3339. */
  redrivePublishTime?: string;
  /** How often it was put back, this time included. */
  redriveCount?: string;
}

/** The count that a letter, a header or an attribute has; 0 for none and for anything else. */
export function countOf(text: string | undefined): number {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : 0;
}
