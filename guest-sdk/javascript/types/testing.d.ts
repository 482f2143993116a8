// What the host would say, for a policy's own tests. All of it is optional: say what matters to the test.

import type { Candidate, Fact, Offer, Session, Totals } from "./index.js";

/** A session; without more, one without labels, with the settings `{}`, which may read and write every scope. */
export function session(given?: {
  /** Seconds since 1970. Default: 0. */
  started?: bigint;
  /** Default: 0. */
  seed?: bigint;
  /** What the job claims: values by their names. */
  labels?: Record<string, string>;
  /** What the host has verified: values by their names. */
  verified?: Record<string, string>;
  /** Patterns of the scopes that it may read. Default: all. */
  readable?: string[];
  /** Patterns of the scopes that it may write. Default: all. */
  writable?: string[];
  /** The operator's settings. */
  settings?: object;
}): Session;

/** A candidate; without more, of kind `other`, empty and just put, for an unknown role, without facts. */
export function candidate(given?: Partial<Omit<Candidate, "facts">> & { facts?: Fact[] }): Candidate;

/** An offer; without more, of kind `other` and empty, for an unknown role, without facts. */
export function offer(given?: Partial<Omit<Offer, "facts">> & { facts?: Fact[] }): Offer;

/** Totals; without more, nothing happened. */
export function totals(given?: Partial<Totals>): Totals;
