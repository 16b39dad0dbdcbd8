/** Bytes of an input that are held until its tasks are made. */
const MAX_BYTES = 32 * 1024 ** 2;

/** Keeps the bytes of an input that passes through, unless there are too many. */
export class KeptBytes {
  private parts: Buffer[] | undefined = [];
  private size = 0;
  private whole?: Buffer;

  async *through(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.size += chunk.length;
      if (this.size > MAX_BYTES) this.parts = undefined;
      this.parts?.push(chunk);
      yield chunk;
    }
  }

  /** Bytes `start` to `end` (exclusive) as text. Undefined if they were too many to keep. */
  text(start: number, end: number): string | undefined {
    if (!this.parts) return undefined;
    this.whole ??= Buffer.concat(this.parts);
    return this.whole.toString("utf8", start, end);
  }
}
