// The totals of a session.

/** The totals of a session, for `close`. */
export class Totals {
  constructor(
    /** Gets that the build asked. */
    public gets: u64 = 0,
    /** Gets that were answered with an object. */
    public hits: u64 = 0,
    /** Gets that had a candidate and became a miss by the policy, or by a rule of the host. */
    public refusedGets: u64 = 0,
    /** Puts that the build asked. */
    public puts: u64 = 0,
    /** Puts that were kept for the session alone. */
    public refusedPuts: u64 = 0,
    /** Bytes of all puts. */
    public bytesPut: u64 = 0,
    /** Audits whose rebuilt object had other bytes. */
    public diverged: u64 = 0,
  ) {}
}
