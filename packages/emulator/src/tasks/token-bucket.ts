/** A share of a token that rounding may take. */
const DUST = 1e-6;

/**
 * Holds up to `burst` tokens, refilled at `rate` a second; a dispatch takes one. Source:
 * `RateLimits.max_burst_size` in queue.proto.
 */
export class TokenBucket {
  private tokens: number;

  constructor(
    private readonly rate: number,
    private readonly burst: number,
    private filled: number,
  ) {
    this.tokens = burst;
  }

  /**
   * Takes a token.
   *
   * @returns `now`; without a token the time of the next one, at least a millisecond later
   */
  take(now: number): number {
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.filled) * this.rate) / 1000);
    this.filled = now;
    if (this.tokens >= 1 - DUST) {
      this.tokens -= 1;
      return now;
    }
    return now + Math.max(1, Math.ceil(((1 - DUST - this.tokens) * 1000) / this.rate));
  }
}

/**
 * Google picks the burst from the rate and does not say how. Ours: a fifth of the rate, 10 at
 * least; that gives the 10 and 100 which queues with 1 and with 500 dispatches a second show.
 */
export function burstOf(rate: number): number {
  return Math.max(10, Math.ceil(rate / 5));
}
