// The question that a put asks, and its answers.

import { Digest } from "./digest";
import { Facts, Kind, Role } from "./words";

/**
 * An object that the build puts.
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
  /** The kind of the object. */
  kind: Kind = Kind.Other;
  /** The role of its entry. */
  role: Role = Role.Unknown;
  /** The facts that the host has established about it. */
  facts: Facts = new Facts();
}

/** How far an object may travel. Each goes further than the one before it; the operator bounds all of them. */
export enum Reach {
  /** Only this session gets it. The build goes on as if it was stored. */
  Ephemeral,
  /** Stored in the write scope, on this machine. */
  Local,
  /** Stored in the write scope, and may be sent to other machines. */
  Shared,
}
