import unittest

from cachewarden_policy import Instance, Kind, Offer, Reach, Session, SettingsRefusal
from policy import Frugal


class FrugalTest(unittest.TestCase):
    def test_what_is_large_stays_here(self) -> None:
        frugal = Instance(Frugal)
        frugal.open(Session(settings='{ "largest": 1000 }'))
        self.assertIs(frugal.put(Offer(size=1001)), Reach.LOCAL)
        self.assertIs(frugal.put(Offer(size=1000)), Reach.SHARED)
        self.assertIs(frugal.put(Offer(size=1000, kind=Kind.TEST_RECORD)), Reach.LOCAL)

    def test_a_misspelt_setting_is_refused(self) -> None:
        with self.assertRaisesRegex(SettingsRefusal, "unknown field `largst`"):
            Instance(Frugal).open(Session(settings='{ "largst": 1000 }'))
