// The class that a policy extends.

import { Grant, Opening } from "./grant";
import { Candidate, Lookup } from "./lookup";
import { Offer, Reach } from "./reach";
import { Session } from "./session";
import { Settings } from "./settings";
import { Totals } from "./totals";
import { defaultReach } from "./words";

/**
 * A policy: what a session may do, and what becomes of each of its gets and puts.
 *
 * Every method has the answer that a session without a policy would get, so a policy says only where it differs. Write
 * `override` before a method: the compiler then reports a misspelt one. `register` registers the policy with the host.
 *
 * Answers depend only on the policy's inputs: there is no clock, no randomness, no file and no network,
 * so a recorded session replays to the same verdicts. An error that is thrown is a trap: its message is in the host's log,
 * that get is a miss, that put is ephemeral, and a new policy is made and opened for what follows. So a field
 * that a method changes may start again.
 */
export abstract class Policy {
  /**
   * Called first, to read the operator's settings into fields. The default reads none.
   *
   * A field that this does not ask for, or that is not of the type asked for, is refused by its name: the build stops
   * with that text, and `open` is not called.
   */
  configure(settings: Settings): void {}

  /**
   * Called before the first question: what may this session do? The default is what a session without a policy has.
   *
   * A `Refusal.settings` stops the build; a `Refusal.session` lets it go on without a cache.
   */
  open(session: Session): Opening {
    return Grant.defaultFor(session);
  }

  /** Called for each entry that a get finds in the granted scopes, in order: may it be used? The default is a hit. */
  get(candidate: Candidate): Lookup {
    return Lookup.Hit;
  }

  /**
   * Called for each object that the build puts: how far may it travel? The default is `defaultReach(offer.kind)`.
   */
  put(offer: Offer): Reach {
    return defaultReach(offer.kind);
  }

  /** Called after the last answer, with the totals of the session. The default does nothing. */
  close(totals: Totals): void {}
}

let registered: (() => Policy) | null = null;

/**
 * Makes a class the policy of this module. Once, in the entry file:
 *
 *     register<Frugal>();
 *     export * from "@cachewarden/assemblyscript/exports";
 *
 * Every session begins with a new object of the class, so its fields need a default each and its constructor no
 * parameter.
 */
export function register<Chosen extends Policy>(): void {
  registered = (): Policy => instantiate<Chosen>();
}

/** A new object of the class that was registered; null where none was. */
export function create(): Policy | null {
  const chosen = registered;
  return chosen === null ? null : chosen();
}
