// Large objects stay on the machine that made them; all others may travel.

import { Offer, Policy, Reach, Settings, register } from "@cachewarden/assemblyscript";

class Frugal extends Policy {
  /** Objects of more bytes than this stay on the machine. */
  largest: u64 = 10_000_000;

  override configure(settings: Settings): void {
    this.largest = settings.number("largest", this.largest);
  }

  override put(offer: Offer): Reach {
    return offer.size > this.largest ? Reach.Local : Reach.Shared;
  }
}

register<Frugal>();
export * from "@cachewarden/assemblyscript/exports";
