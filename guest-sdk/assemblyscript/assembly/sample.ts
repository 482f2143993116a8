// Drawing a sample without randomness.

import { Digest } from "./digest";

/**
 * Selects one action in N, the same ones each time that a session is replayed.
 *
 * A policy has no randomness of its own. The host draws a seed once a session and records it; with it, different sessions
 * draw different actions.
 *
 *     this.audits = new Sample(100, session.seed);
 *     ...
 *     return this.audits.takes(candidate.action) ? Lookup.Audit : Lookup.Hit;
 */
export class Sample {
  constructor(
    /** Selects one action in N; 0 selects none. */
    readonly oneIn: u32,
    /** The session's `seed`. */
    readonly seed: u64,
  ) {}

  /** Whether this action is drawn. */
  takes(action: Digest): bool {
    return this.oneIn != 0 && mix(action.a ^ this.seed) % this.oneIn == 0;
  }
}

// Mixes the bits (SplitMix64's last steps). Without it, the same actions would be drawn together in
// one session after the other.
function mix(bits: u64): u64 {
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  return bits ^ (bits >> 31);
}
