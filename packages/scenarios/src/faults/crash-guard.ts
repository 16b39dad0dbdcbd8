/**
 * Functions that nothing may befall for the moment: those that have got the last delivery of a message. Were it to fail after
 * an effect, of this delivery or of an earlier one, Pub/Sub would forward a message that was worked on, and no function can
 * keep it from that.
 */
export class CrashGuard {
  private readonly counts = new Map<string, number>();

  has(functionName: string): boolean {
    return this.counts.has(functionName);
  }

  async during<T>(functionName: string, work: () => Promise<T>): Promise<T> {
    this.counts.set(functionName, (this.counts.get(functionName) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const left = (this.counts.get(functionName) ?? 1) - 1;
      if (left > 0) this.counts.set(functionName, left);
      else this.counts.delete(functionName);
    }
  }
}
