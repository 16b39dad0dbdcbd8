import type { Billing } from "../core/billing";

/**
 * Answers that no instance gave: the caller lacks the permission, or no instance is free. "Requests
 * are only billed when they reach the container after successfully being authenticated."
 */
const UNBILLED = new Set([0, 401, 403, 429]);

/**
 * Requests to functions and container services. The time of their instances follows from all requests
 * together. Source: https://cloud.google.com/run/pricing
 */
export const runBilling: Billing = ({ isWorker, status }) =>
  isWorker && !UNBILLED.has(status) ? [{ metered: "run.requests", quantity: 1 }] : [];
