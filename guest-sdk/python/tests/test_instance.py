import json
import unittest
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cachewarden_policy import (
    Candidate,
    Facts,
    Grant,
    Instance,
    Kind,
    Label,
    Lookup,
    Offer,
    Policy,
    Reach,
    Sample,
    Session,
    SessionRefusal,
    SettingsRefusal,
)


@dataclass
class Settings:
    first: int = 1


class Counting(Policy):
    """Refuses forks; keeps on this machine what comes after the first so many."""

    settings: Settings

    def __init__(self) -> None:
        self.offers = 0

    def open(self, session: Session) -> Grant:
        if session.label("fork"):
            raise SessionRefusal("forks use no cache")
        return Grant.default_for(session)

    def put(self, offer: Offer) -> Reach:
        self.offers += 1
        return Reach.SHARED if self.offers <= self.settings.first else Reach.LOCAL


class InstanceTest(unittest.TestCase):
    def test_a_policy_that_says_nothing_is_a_plain_cache(self) -> None:
        plain = Instance(Policy)
        self.assertEqual(plain.open(Session()), Grant(write="default", read=["default"]))
        self.assertIs(plain.get(Candidate()), Lookup.HIT)
        self.assertIs(plain.put(Offer(kind=Kind.PROBE, facts=Facts.REMOTE)), Reach.SHARED)
        self.assertIs(plain.put(Offer(kind=Kind.TEST_RECORD)), Reach.LOCAL)

    def test_a_second_open_begins_again(self) -> None:
        counting = Instance(Counting)
        for _ in range(2):
            counting.open(Session(settings='{"first": 2}'))
            self.assertEqual([counting.put(Offer()) for _ in range(3)], [Reach.SHARED, Reach.SHARED, Reach.LOCAL])

    def test_wrong_settings_are_refused(self) -> None:
        with self.assertRaisesRegex(SettingsRefusal, "`first`: expected a whole number"):
            Instance(Counting).open(Session(settings='{"first": "two"}'))

    def test_a_question_after_a_refusal_raises(self) -> None:
        counting = Instance(Counting)
        counting.open(Session())
        with self.assertRaises(SessionRefusal):
            counting.open(Session(labels=[Label("fork", "yes")]))
        with self.assertRaisesRegex(RuntimeError, "`put` was called, but no `open` before it gave a grant"):
            counting.put(Offer())

    def test_an_answer_of_another_type_is_told(self) -> None:
        class Wrong(Policy):
            def open(self, session: Session) -> Any:
                return session.settings if session.seed else Grant()

            def get(self, candidate: Candidate) -> Any:
                return "hit"

            def put(self, offer: Offer) -> Any:
                return None

        wrong = Instance(Wrong)
        with self.assertRaisesRegex(TypeError, "`open` returned '{}': expected a Grant"):
            wrong.open(Session(seed=1))
        wrong.open(Session())
        with self.assertRaisesRegex(TypeError, "`get` returned 'hit': expected a Lookup"):
            wrong.get(Candidate())
        with self.assertRaisesRegex(TypeError, "`put` returned None: expected a Reach"):
            wrong.put(Offer())


class SessionTest(unittest.TestCase):
    def test_a_claim_never_stands_before_a_proof(self) -> None:
        proved = Label("ref", "proved", verified=True)
        session = Session(labels=[Label("ref", "claimed"), proved, Label("other", "claimed")])
        self.assertIs(session.label("ref"), proved)
        self.assertIs(session.verified_label("ref"), proved)
        self.assertIsNone(session.verified_label("other"))
        self.assertIsNone(session.label("none"))

    def test_a_job_cannot_choose_its_default_scope(self) -> None:
        claimed = Label("cachewarden.scope", "main")
        self.assertEqual(Session(labels=[claimed]).default_scope, "default")
        proved = Label("cachewarden.scope", "nightly", verified=True)
        self.assertEqual(Session(labels=[claimed, proved]).default_scope, "nightly")

    def test_a_label_of_a_test_has_the_scope_and_the_hash_that_the_host_makes(self) -> None:
        cases = Path(__file__).parents[2] / "conformance" / "scope-parts.json"
        for case in json.loads(cases.read_text(encoding="utf-8")):
            label = Label("name", case["value"])
            self.assertEqual([label.scope, label.hash], [case["scope"], case["hash"]], case["value"])

    def test_what_the_host_tells_of_a_label_stays(self) -> None:
        told = Label("name", "value", "", "0" * 24)
        self.assertEqual([told.scope, told.hash], ["", "0" * 24])


class GrantTest(unittest.TestCase):
    def test_a_lifetime_never_becomes_no_end(self) -> None:
        for lifetime, seconds in [
            (None, 0),
            (0, 1),
            (60, 60),
            (2**40, 2**32 - 1),
        ]:
            self.assertEqual(Grant(lifetime=lifetime)._lifetime_seconds(), seconds)

    def test_one_text_is_no_list_of_scopes(self) -> None:
        with self.assertRaisesRegex(TypeError, r"expected a list of scopes, such as \['main'\]"):
            Grant(read="main")


class SampleTest(unittest.TestCase):
    def test_about_one_in_so_many_is_drawn_and_seeds_draw_apart(self) -> None:
        actions = [number.to_bytes(8, "big") + bytes(24) for number in range(1, 10_001)]
        one, other = Sample(one_in=10, seed=0x5EED), Sample(one_in=10, seed=0xBEAD)
        drawn = [action for action in actions if one.takes(action)]
        self.assertAlmostEqual(len(drawn), 1000, delta=150)
        self.assertAlmostEqual(len([action for action in drawn if other.takes(action)]), 100, delta=40)

    def test_one_in_none_is_none(self) -> None:
        self.assertFalse(any(Sample(one_in=0, seed=7).takes(bytes([byte] * 32)) for byte in range(256)))
