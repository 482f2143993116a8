// The question that a put asks, and its answers.

import { Digest } from "./digest";
import { Facts, Kind, Role } from "./words";

/**
 * An object that the build wants kept.
 *
 * One object serves for all questions, so that none of them allocates: keep its numbers, not the object itself nor its
 * digests.
 */
export class Offer {
  /** The step that made it. */
  action: Digest = new Digest();
  /** The object itself, by its bytes. */
  output: Digest = new Digest();
  /** Its size in bytes. */
  size: u64 = 0;
  /** What it is. */
  kind: Kind = Kind.Other;
  /** What its entry will be for. */
  role: Role = Role.Unknown;
  /** What else the host knows of it. */
  facts: Facts = new Facts();
}

/** How far an object may travel. Each goes further than the one before it; the operator bounds all of them. */
export enum Reach {
  /** Seen by this session alone. The build goes on as if it had been kept. */
  Ephemeral,
  /** Kept in the write scope, on this machine. */
  Local,
  /** Kept in the write scope, and sent to where other machines find it. */
  Shared,
}
