// A policy that leaves garbage behind at every question, and fails on request.

import { Candidate, Grant, Kind, Lookup, Offer, Opening, Policy, Reach, Session, Settings, log, register } from "../index";

class Wasteful extends Policy {
  scopes: string[] = ["main"];

  configure(settings: Settings): void {
    this.scopes = settings.texts("scopes", this.scopes);
  }

  open(session: Session): Opening {
    const last = session.labels[session.labels.length - 1];
    log.info(`${session.labels.length} labels, the last with ${last.value}, ${last.hash}, ${last.verified}`);
    const grant = Grant.writing(this.scopes[0]);
    for (let i = 0; i < this.scopes.length; i++) grant.reading(this.scopes[i]);
    return grant.lasting(60).admitting(Kind.Executable).admitting(<Kind>u32.MAX_VALUE);
  }

  get(candidate: Candidate): Lookup {
    return candidate.action.toString().endsWith("0") ? Lookup.Hit : Lookup.Miss;
  }

  put(offer: Offer): Reach {
    if (offer.size == u64.MAX_VALUE) throw new Error("too large: größer als erlaubt");
    return Reach.Local;
  }
}

register<Wasteful>();
export * from "../exports";
