// Builds of trusted refs fill `main` of their repository. Every other build reads it too, but writes a scope of its own,
// so that no trusted build uses what a pull request has made.
//
// npm install && npx asc

import {
  Candidate, Grant, Kind, Label, Lookup, Opening, Patterns, Policy, Session, Settings, log, register,
} from "@cachewarden/assemblyscript";

/** The longest name that a scope can have. */
const LONGEST_SCOPE = 96;

class TrustedBranches extends Policy {
  /** The label that names the ref being built. */
  ref: string = "GITHUB_REF";
  /** The label that names the repository; null: the store is for one repository. */
  repository: string | null = "GITHUB_REPOSITORY";
  /** The label that names the event; null: events are ignored. */
  event: string | null = "GITHUB_EVENT_NAME";
  /** The refs whose builds may write `main`. */
  trusted: Patterns = new Patterns(["refs/heads/main", "refs/heads/master"]);
  /** The events whose builds may write `main`. */
  events: Patterns = new Patterns(["push", "schedule", "workflow_dispatch"]);
  /** Whether labels that the host did not verify are ignored. */
  verified: bool = false;
  /** The kinds that are accepted from `main` in a build that does not write it. */
  kinds: Kind[] = [
    Kind.Empty,
    Kind.PackageArchive,
    Kind.FileList,
    Kind.TestRecord,
    Kind.AnalysisFacts,
    Kind.GeneratedSource,
    Kind.CoverageMeta,
    Kind.Probe,
    Kind.ToolOutput,
    Kind.AnalysisResult,
    Kind.PgoProfile,
  ];

  /** Whether the session writes a scope, which is then the first of those that it reads. */
  writes: bool = false;

  override configure(settings: Settings): void {
    this.ref = settings.text("ref", this.ref);
    this.repository = settings.textOrNull("repository", this.repository);
    this.event = settings.textOrNull("event", this.event);
    this.trusted = settings.patterns("trusted", this.trusted);
    this.events = settings.patterns("events", this.events);
    this.verified = settings.flag("verified", this.verified);
    this.kinds = settings.kinds("kinds", this.kinds);
  }

  override open(session: Session): Opening {
    const name = this.repository;
    const repository = this.label(session, name);
    if (name !== null && repository === null) {
      log.warn(
        `no label ${name}: set the variable and pass --label-env ${name}, or set repository to null where the store is for one repository`,
      );
      return Grant.readOnly();
    }
    const main = repository === null ? "main" : `main-${repository.scope}`;
    const ref = this.label(session, this.ref);
    if (ref === null) {
      log.warn(`no label ${this.ref}: set the variable and pass --label-env ${this.ref}; until then this build writes nothing`);
      return Grant.readOnly().reading(main);
    }
    this.writes = true;
    if (this.trustsEvent(session) && this.trusted.matches(ref.value)) return Grant.writing(main).reading(main);
    const own = ownScope(repository, ref);
    return Grant.writing(own).reading(own).reading(main);
  }

  override get(candidate: Candidate): Lookup {
    if (this.writes && candidate.scope == 0) return Lookup.Hit;
    const proved = candidate.kind != Kind.PackageArchive || candidate.facts.buildIdMatches;
    return proved && this.kinds.includes(candidate.kind) ? Lookup.Hit : Lookup.Skip;
  }

  private trustsEvent(session: Session): bool {
    const name = this.event;
    if (name === null) return true;
    const event = this.label(session, name);
    if (event === null) {
      log.warn(
        `no label ${name}: set the variable and pass --label-env ${name}, or set event to null where events do not matter; until then no build writes main`,
      );
      return false;
    }
    return this.events.matches(event.value);
  }

  private label(session: Session, name: string | null): Label | null {
    if (name === null) return null;
    return this.verified ? session.verifiedLabel(name) : session.label(name);
  }
}

/** The scope of one ref of one repository. `_-` cannot occur within a label's scope part, so two pairs never meet. */
function ownScope(repository: Label | null, ref: Label): string {
  if (repository === null) return `ref-${ref.scope}`;
  const scope = `ref-${repository.scope}_-${ref.scope}`;
  return scope.length <= LONGEST_SCOPE ? scope : `long-${repository.hash}-${ref.hash}`;
}

register<TrustedBranches>();
export * from "@cachewarden/assemblyscript/exports";
