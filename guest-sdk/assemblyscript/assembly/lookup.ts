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
  /** The action that the build asks for: the digest of all inputs of a step. */
  action: Digest = new Digest();
  /** The object that the entry names. */
  output: Digest = new Digest();
  /** The object's size in bytes. */
  size: u64 = 0;
  /** Seconds since the entry was put. */
  age: u64 = 0;
  /** Where it was found: an index into the grant's `read`. */
  scope: u32 = 0;
  /** The kind of the object. */
  kind: Kind = Kind.Other;
  /** The role of the entry. */
  role: Role = Role.Unknown;
  /** The facts that the host has established about it. */
  facts: Facts = new Facts();
}

/** What becomes of a candidate. */
export enum Lookup {
  /** Answer with this entry. */
  Hit,
  /** Answer with this entry if its object still has the right hash; otherwise search the next scope. */
  HitVerified,
  /** Ignore this entry, and search the next scope. */
  Skip,
  /** Answer with a miss, whatever the next scopes hold. */
  Miss,
  /** Answer with a miss, so that the build makes it again; the offer that follows says whether the same bytes came out. */
  Audit,
}
