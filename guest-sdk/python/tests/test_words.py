import unittest

from cachewarden_policy import Facts, Kind, Reach, Role


class WordsTest(unittest.TestCase):
    def test_a_name_and_its_word_belong_together(self) -> None:
        for word in [*Kind, *Role]:
            self.assertIs(type(word)(str(word)), word)
        self.assertEqual(f"{Kind.PACKAGE_ARCHIVE} {Role.SOURCE_LIST}", "package-archive source-list")

    def test_a_number_without_a_name_is_kept(self) -> None:
        for unknown, name in [(Kind(4242), "kind-4242"), (Role(77), "role-77"), (Kind(2**32 - 1), "kind-4294967295")]:
            self.assertEqual(str(unknown), name)
            self.assertEqual(type(unknown)(name), unknown)
            self.assertNotEqual(type(unknown)(1), unknown)
        self.assertEqual(Kind(4242), Kind(4242))

    def test_any_other_text_is_told(self) -> None:
        for text in ["archive", "Empty", "package_archive", "kind-", "kind--1", "kind-0x1", "kind-4294967296", "role-1", ""]:
            with self.subTest(text), self.assertRaisesRegex(ValueError, f"`{text}` is no kind"):
                Kind(text)

    def test_what_is_of_use_here_only_or_unknown_stays_here(self) -> None:
        self.assertIs(Kind.FIX_ARCHIVE.default_reach, Reach.LOCAL)
        self.assertIs(Kind.PACKAGE_ARCHIVE.default_reach, Reach.SHARED)
        self.assertIs(Kind(4242).default_reach, Reach.LOCAL)

    def test_facts_are_named_by_their_bits(self) -> None:
        facts = Facts(1 | 8 | 1 << 9)
        self.assertEqual(str(facts), "build-id-matches,diverged,fact-9")
        self.assertIn(Facts.BUILD_ID_MATCHES, facts)
        self.assertNotIn(Facts.REMOTE, facts)
        self.assertEqual(str(Facts(0)), "-")
