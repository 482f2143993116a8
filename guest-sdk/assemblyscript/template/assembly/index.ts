// Large objects stay on the machine that made them, and so do those that no other machine should take.

import { Offer, Policy, Reach, Settings, defaultReach, register } from "@cachewarden/assemblyscript";

class Frugal extends Policy {
  /** Objects of more bytes than this stay on the machine. */
  largest: u64 = 10_000_000;

  override configure(settings: Settings): void {
    this.largest = settings.number("largest", this.largest);
  }

  override put(offer: Offer): Reach {
    return offer.size > this.largest ? Reach.Local : defaultReach(offer.kind);
  }
}

register<Frugal>();
export * from "@cachewarden/assemblyscript/exports";
