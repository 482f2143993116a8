"""What each kind of build is granted, and what counts in it. The cases of guest-sdk/conformance say more, for every
language alike."""

import unittest

from cachewarden_policy import Candidate, Facts, Grant, Instance, Kind, Label, Lookup, Session, SettingsRefusal
from policy import LONGEST_SCOPE, TrustedBranches

MAIN = "main-acme_2fwidget"


def session(git_ref: str, event: str = "push", settings: str = "{}") -> Session:
    labels = [Label("GITHUB_REPOSITORY", "acme/widget"), Label("GITHUB_EVENT_NAME", event), Label("GITHUB_REF", git_ref)]
    return Session(labels=labels, settings=settings)


def grant(session: Session) -> Grant:
    return Instance(TrustedBranches).open(session)


class TrustedBranchesTest(unittest.TestCase):
    def test_a_trusted_ref_writes_and_reads_main_of_its_repository(self) -> None:
        for git_ref in ["refs/heads/main", "refs/heads/master"]:
            self.assertEqual(grant(session(git_ref)), Grant(write=MAIN, read=[MAIN]))

    def test_every_other_ref_has_a_scope_of_its_own_and_reads_main_after_it(self) -> None:
        own = "ref-acme_2fwidget_-refs_2fpull_2f17_2fmerge"
        self.assertEqual(grant(session("refs/pull/17/merge")), Grant(write=own, read=[own, MAIN]))

    def test_names_that_are_too_long_together_are_hashed_and_stay_different(self) -> None:
        one, other = [str(grant(session("x" * length)).write) for length in (200, 201)]
        self.assertTrue(one.startswith("long-") and len(one) <= LONGEST_SCOPE)
        self.assertNotEqual(one, other)

    def test_an_event_that_is_not_trusted_does_not_write_main(self) -> None:
        own = "ref-acme_2fwidget_-refs_2fheads_2fmain"
        self.assertEqual(grant(session("refs/heads/main", "pull_request_target")).write, own)

    def test_from_main_only_the_chosen_kinds_count(self) -> None:
        policy = Instance(TrustedBranches)
        policy.open(session("refs/pull/17/merge"))
        for scope, kind, facts, expected in [
            (0, Kind.OTHER, Facts(0), Lookup.HIT),
            (1, Kind.OTHER, Facts(0), Lookup.SKIP),
            (1, Kind.TOOL_OUTPUT, Facts(0), Lookup.HIT),
            (1, Kind.PACKAGE_ARCHIVE, Facts(0), Lookup.SKIP),
            (1, Kind.PACKAGE_ARCHIVE, Facts.BUILD_ID_MATCHES, Lookup.HIT),
        ]:
            self.assertIs(policy.get(Candidate(scope=scope, kind=kind, facts=facts)), expected)

    def test_a_claimed_label_is_none_where_only_verified_ones_count(self) -> None:
        self.assertEqual(grant(session("refs/heads/main", settings='{ "verified": true }')), Grant())

    def test_wrong_settings_are_refused_by_name(self) -> None:
        for settings, reason in [
            ('{ "trust": [] }', "unknown field `trust`"),
            ('{ "trusted": "main" }', "`trusted`: expected a list"),
            ('{ "ref": ["REF"] }', "`ref`: expected a text"),
            ('{ "kinds": ["archive"] }', "`archive` is no kind"),
        ]:
            with self.assertRaisesRegex(SettingsRefusal, reason):
                grant(Session(settings=settings))
