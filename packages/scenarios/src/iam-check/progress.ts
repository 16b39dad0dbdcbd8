import type { IamCheckOptions } from "./check-iam";

/** One line that is written over and over, and gone in the end; nothing where it would not be seen at once. */
export function progressOn(stream: NodeJS.WriteStream): IamCheckOptions["onProgress"] {
  if (!stream.isTTY) return undefined;
  return (done, all) => stream.write(done < all ? `\r${done} of ${all} runs` : "\r\x1b[K");
}
