"""Builds of trusted refs fill `main`. Every other build reads it too, but writes a scope of its own, so that
nothing a pull request makes reaches a trusted build."""

from dataclasses import dataclass

from cachewarden_policy import Grant, Patterns, Policy, Session


@dataclass
class Settings:
    label: str = "GITHUB_REF"
    """The label that names the ref being built."""
    trusted: Patterns = Patterns("refs/heads/main", "refs/heads/master")
    """The refs whose builds may write `main`."""


class TrustedBranches(Policy):
    settings: Settings

    def open(self, session: Session) -> Grant:
        git_ref = session.label(self.settings.label)
        if git_ref is None:
            return Grant(read=["main"])
        if self.settings.trusted.matches(git_ref.value):
            return Grant(write="main", read=["main"])
        own = f"ref-{git_ref.scope}"
        return Grant(write=own, read=[own, "main"])
