"""What each kind of build is granted."""

import unittest

from cachewarden_policy import Grant, Instance, Label, Session, SettingsRefusal
from policy import TrustedBranches


def grant(session: Session) -> Grant:
    return Instance(TrustedBranches).open(session)


class TrustedBranchesTest(unittest.TestCase):
    def test_a_trusted_ref_writes_and_reads_main(self) -> None:
        for git_ref in ["refs/heads/main", "refs/heads/master"]:
            session = Session(labels=[Label("GITHUB_REF", git_ref)])
            self.assertEqual(grant(session), Grant(write="main", read=["main"]))

    def test_every_other_ref_has_a_scope_of_its_own_and_reads_main_after_it(self) -> None:
        for git_ref in ["refs/pull/17/merge", "refs/heads/main-2", "refs/tags/main", "main"]:
            label = Label("GITHUB_REF", git_ref)
            own = f"ref-{label.scope}"
            self.assertEqual(grant(Session(labels=[label])), Grant(write=own, read=[own, "main"]))

    def test_without_the_label_a_build_only_reads(self) -> None:
        session = Session(labels=[Label("GITHUB_HEAD_REF", "refs/heads/main")])
        self.assertEqual(grant(session), Grant(read=["main"]))

    def test_settings_choose_the_label_and_the_trusted_refs(self) -> None:
        session = Session(
            labels=[Label("BRANCH", "release/1.2/fixes")],
            settings='{ "label": "BRANCH", "trusted": ["trunk", "release/*"] }',
        )
        self.assertEqual(grant(session), Grant(write="main", read=["main"]))

    def test_wrong_settings_are_refused_by_name(self) -> None:
        for settings, reason in [
            ('{ "trust": [] }', "unknown field `trust`"),
            ('{ "trusted": "main" }', "`trusted`: expected a list"),
            ('{ "label": ["REF"] }', "`label`: expected a text"),
        ]:
            with self.assertRaisesRegex(SettingsRefusal, reason):
                grant(Session(settings=settings))
