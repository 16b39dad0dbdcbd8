import { type Billing, messageIn } from "../core/billing";

/**
 * Predictions are counted by request and by instance. Google bills an endpoint by the hours of its
 * machines, and a job by those of its own. Source: https://cloud.google.com/vertex-ai/pricing
 */
export const vertexBilling: Billing = ({ isWorker, method, body, status }) => {
  if (isWorker || status < 200 || status > 299) return [];
  if (method.endsWith("PredictionService/Predict")) {
    return [
      { metered: "vertex.predictRequests", quantity: 1 },
      { metered: "vertex.predictions", quantity: messageIn(body)?.instances?.length ?? 0 },
    ];
  }
  return /JobService\/Create(Custom|BatchPrediction)Job$/.test(method) ? [{ metered: "vertex.jobs", quantity: 1 }] : [];
};
