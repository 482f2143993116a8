// The question that a get asks, and its answers.

import { Digest } from "./digest";
import { Facts, Kind, Role } from "./words";

/**
 * An entry that the host found for a get, before it is answered.
 *
 * One object serves for all questions, so that none of them allocates: keep its numbers, not the object itself nor its
 * digests.
 */
export class Candidate {
  /** What the build asks for: the digest of all inputs of a step. */
  action: Digest = new Digest();
  /** The object that the entry names. */
  output: Digest = new Digest();
  /** The object's size in bytes. */
  size: u64 = 0;
  /** Seconds since the entry was put. */
  age: u64 = 0;
  /** Where it was found: an index into the grant's `read`. */
  scope: u32 = 0;
  /** What the object is. */
  kind: Kind = Kind.Other;
  /** What the entry is for. */
  role: Role = Role.Unknown;
  /** What else the host knows of it. */
  facts: Facts = new Facts();
}

/** What becomes of a candidate. */
export enum Lookup {
  /** Answer with it. */
  Hit,
  /** Answer with it if its bytes still hash to its output, else go on to the next scope. */
  HitVerified,
  /** Not this one: go on to the next scope. */
  Skip,
  /** Answer a miss, whatever the next scopes hold. */
  Miss,
  /** Answer a miss, so that the build makes it again; the offer that follows says whether the same bytes came out. */
  Audit,
}
