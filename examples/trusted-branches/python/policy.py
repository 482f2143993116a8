"""Builds of trusted refs fill `main` of their repository. Every other build reads it too, but writes a scope of its
own, so that no trusted build uses what a pull request has made."""

from dataclasses import dataclass

from cachewarden_policy import Candidate, Facts, Grant, Kind, Label, Lookup, Patterns, Policy, Session, log

LONGEST_SCOPE = 96
"""The longest name that a scope can have."""


@dataclass
class Settings:
    ref: str = "GITHUB_REF"
    """The label that names the ref being built."""
    repository: str | None = "GITHUB_REPOSITORY"
    """The label that names the repository; None: the store is for one repository."""
    event: str | None = "GITHUB_EVENT_NAME"
    """The label that names the event; None: events are ignored."""
    trusted: Patterns = Patterns("refs/heads/main", "refs/heads/master")
    """The refs whose builds may write `main`."""
    events: Patterns = Patterns("push", "schedule", "workflow_dispatch")
    """The events whose builds may write `main`."""
    verified: bool = False
    """Whether labels that the host did not verify are ignored."""
    kinds: tuple[Kind, ...] = (
        Kind.EMPTY,
        Kind.PACKAGE_ARCHIVE,
        Kind.FILE_LIST,
        Kind.TEST_RECORD,
        Kind.ANALYSIS_FACTS,
        Kind.GENERATED_SOURCE,
        Kind.COVERAGE_META,
        Kind.PROBE,
        Kind.TOOL_OUTPUT,
        Kind.ANALYSIS_RESULT,
        Kind.PGO_PROFILE,
    )
    """The kinds that are accepted from `main` in a build that does not write it."""


class TrustedBranches(Policy):
    settings: Settings

    def open(self, session: Session) -> Grant:
        grant = self._grant(session)
        # The scope that the session writes is the first that it reads.
        self._writes = grant.write is not None
        return grant

    def _grant(self, session: Session) -> Grant:
        main, repository = "main", None
        if self.settings.repository is not None:
            name = self.settings.repository
            repository = self._label(session, name)
            if repository is None:
                advice = f"set the variable and pass --label-env {name}, or set repository to null where the store is for one repository"
                log.warn(f"no label {name}: {advice}")
                return Grant()
            main = f"main-{repository.scope}"
        name = self.settings.ref
        git_ref = self._label(session, name)
        if git_ref is None:
            log.warn(f"no label {name}: set the variable and pass --label-env {name}; until then this build writes nothing")
            return Grant(read=[main])
        if self._trusts(session, git_ref):
            return Grant(write=main, read=[main])
        own = own_scope(repository, git_ref)
        return Grant(write=own, read=[own, main])

    def _label(self, session: Session, name: str) -> Label | None:
        return session.verified_label(name) if self.settings.verified else session.label(name)

    def _trusts(self, session: Session, git_ref: Label) -> bool:
        name = self.settings.event
        if name is not None:
            event = self._label(session, name)
            if event is None:
                advice = f"set the variable and pass --label-env {name}, or set event to null where events do not matter"
                log.warn(f"no label {name}: {advice}; until then no build writes main")
                return False
            if not self.settings.events.matches(event.value):
                return False
        return self.settings.trusted.matches(git_ref.value)

    def get(self, candidate: Candidate) -> Lookup:
        if self._writes and candidate.scope == 0:
            return Lookup.HIT
        proved = candidate.kind != Kind.PACKAGE_ARCHIVE or Facts.BUILD_ID_MATCHES in candidate.facts
        return Lookup.HIT if proved and candidate.kind in self.settings.kinds else Lookup.SKIP


def own_scope(repository: Label | None, git_ref: Label) -> str:
    """The scope of one ref of one repository. `_-` cannot occur within a label's scope part, so two pairs never meet."""
    if repository is None:
        return f"ref-{git_ref.scope}"
    scope = f"ref-{repository.scope}_-{git_ref.scope}"
    return scope if len(scope) <= LONGEST_SCOPE else f"long-{repository.hash}-{git_ref.hash}"
