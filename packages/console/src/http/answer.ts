/** A request below /api. */
export interface Asked {
  readonly method: string;
  readonly url: URL;
  /** Of a POST: the JSON. */
  readonly body?: unknown;
}

export interface Answer {
  readonly json: object;
}

/** A file to save. */
export interface Bytes {
  readonly bytes: Buffer;
  readonly name: string;
}

export function isBytes(answer: Answer | Bytes): answer is Bytes {
  return "bytes" in answer;
}
