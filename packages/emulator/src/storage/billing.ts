import { type Billing, byteLength, type Charge, messageIn } from "../core/billing";

/**
 * Methods of the JSON API by the table "Operations that apply to Cloud Storage" of
 * https://cloud.google.com/storage/pricing. Deletes are free.
 */
const CLASS_A =
  /^storage\.(objects\.(list|copy|compose|rewrite|move|restore|watchAll)|buckets\.list|.+\.(insert|patch|update))$/;
const CLASS_B = /^storage\..+\.(get|getIamPolicy|testIamPermissions)$/;

/**
 * "Generally, you are not charged for operations that return 307, 4xx, or 5xx responses": so a look-up
 * of an object that is not there is free, and a write whose precondition fails. The parts of a
 * resumable upload are one operation. Source: https://cloud.google.com/storage/pricing
 */
export const storageBilling: Billing = ({ isWorker, method, path, body, status, reply }) => {
  if (isWorker || !method.startsWith("storage.") || status < 200 || status > 299) return [];
  if (CLASS_A.test(method)) {
    // Only the answer to the last part has the object.
    const isPart = /[?&]upload_id=/.test(path) && messageIn(reply)?.size === undefined;
    if (isPart || /[?&]uploadType=resumable(?!.*upload_id=)/.test(path)) return [];
    return [one("storage.classA"), ...(method.endsWith("objects.insert") ? [written(reply, body)] : [])];
  }
  if (!CLASS_B.test(method)) return [];
  const isMedia = /[?&]alt=media(&|$)/.test(path);
  return [one("storage.classB"), ...(isMedia ? [bytes("storage.readBytes", byteLength(reply))] : [])];
};

const one = (metered: Charge["metered"]): Charge => ({ metered, quantity: 1 });
const bytes = (metered: Charge["metered"], quantity: number): Charge => ({ metered, quantity });

/** By the object in the answer. With `fields` the answer may lack it: then by the request. */
function written(reply: Parameters<typeof messageIn>[0], body: Parameters<typeof messageIn>[0]): Charge {
  const size = messageIn(reply)?.size;
  return bytes("storage.writtenBytes", size === undefined ? byteLength(body) : Number(size));
}
