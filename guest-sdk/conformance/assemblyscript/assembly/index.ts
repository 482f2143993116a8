// Logs its inputs, and computes its verdicts from numbers: see the README of the folder above.

import {
  Candidate, Facts, Grant, Kind, Lookup, Offer, Opening, Policy, Reach, Refusal, Session, Settings, Totals,
  kindName, log, register, roleName,
} from "@cachewarden/assemblyscript";

class Mirror extends Policy {
  write: string | null = null;
  read: string[] = [];
  lifetime: u32 = 0;
  admit: Kind[] = [];
  refuse: string = "";

  override configure(settings: Settings): void {
    this.write = settings.textOrNull("write", this.write);
    this.read = settings.texts("read", this.read);
    this.lifetime = settings.number("lifetime", this.lifetime);
    this.admit = settings.kinds("admit", this.admit);
    this.refuse = settings.choice("refuse", ["settings", "session"], this.refuse);
  }

  override open(session: Session): Opening {
    if (session.started == 666) throw new Error("as told");
    log.debug(
      `session started=${session.started} seed=${session.seed}` +
      ` readable=${session.readable} writable=${session.writable}`,
    );
    for (let i = 0; i < session.labels.length; i++) {
      const label = session.labels[i];
      log.info(
        `label ${label.name}=${label.value} scope=${label.scope} hash=${label.hash} verified=${label.verified}`,
      );
    }
    if (this.refuse != "") {
      log.warn("refusing");
      return this.refuse == "settings" ? Refusal.settings("as told") : Refusal.session("as told");
    }
    const grant = new Grant();
    grant.write = this.write;
    grant.read = this.read;
    grant.lifetime = this.lifetime;
    grant.admit = this.admit;
    return grant;
  }

  override get(candidate: Candidate): Lookup {
    log.debug(
      `get action=${candidate.action} output=${candidate.output} size=${candidate.size} age=${candidate.age}` +
      ` scope=${candidate.scope} kind=${kindName(candidate.kind)} role=${roleName(candidate.role)}` +
      ` facts=${names(candidate.facts)}`,
    );
    if (candidate.age == 666) throw new Error("as told");
    switch (<i32>(candidate.age % 5)) {
      case 0: return Lookup.Hit;
      case 1: return Lookup.HitVerified;
      case 2: return Lookup.Skip;
      case 3: return Lookup.Miss;
      default: return Lookup.Audit;
    }
  }

  override put(offer: Offer): Reach {
    log.debug(
      `put action=${offer.action} output=${offer.output} size=${offer.size}` +
      ` kind=${kindName(offer.kind)} role=${roleName(offer.role)} facts=${names(offer.facts)}`,
    );
    if (offer.size == 666) throw new Error("as told");
    switch (<i32>(offer.size % 3)) {
      case 0: return Reach.Ephemeral;
      case 1: return Reach.Local;
      default: return Reach.Shared;
    }
  }

  override close(totals: Totals): void {
    log.info(
      `close gets=${totals.gets} hits=${totals.hits} refused-gets=${totals.refusedGets} puts=${totals.puts}` +
      ` refused-puts=${totals.refusedPuts} bytes-put=${totals.bytesPut} diverged=${totals.diverged}`,
    );
  }
}

/** The facts that hold, `-` for none. */
function names(facts: Facts): string {
  const held = facts.toString();
  return held == "" ? "-" : held;
}

register<Mirror>();
export * from "@cachewarden/assemblyscript/exports";
