import { type Billing, messageIn } from "../core/billing";

/** Jobs that were launched. Their workers are billed by the second. */
export const dataflowBilling: Billing = ({ isWorker, method, status, reply }) =>
  !isWorker && /TemplatesService\/Launch\w+$/.test(method) && status === 200 && messageIn(reply)?.job
    ? [{ metered: "dataflow.jobs", quantity: 1 }]
    : [];
