import { isInvalidRequest, PermanentError } from "../../shared/errors";

/**
 * Waits for the answer to a request that starts a job.
 *
 * @throws PermanentError `job_refused` when the service calls the request invalid; else what
 *   `answer` rejects with
 */
export async function refusingInvalid<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (isInvalidRequest(error)) throw new PermanentError("job_refused", error.message);
    throw error;
  }
}
