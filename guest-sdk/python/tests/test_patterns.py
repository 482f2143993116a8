import unittest

from cachewarden_policy import Patterns


class PatternsTest(unittest.TestCase):
    def test_a_star_is_any_run_of_characters(self) -> None:
        for pattern, name in [
            ("", ""),
            ("main", "main"),
            ("*", ""),
            ("*", "refs/heads/main"),
            ("**", "a"),
            ("refs/*", "refs/"),
            ("refs/*/merge", "refs/pull/17/merge"),
            ("*/main", "refs/heads/main"),
            ("a*b*c", "a-b-b-c"),
            ("a*bc*c", "abcbcc"),
            ("*ä*", "bär"),
        ]:
            self.assertTrue(Patterns(pattern).matches(name), f"{pattern} should match {name}")

    def test_everything_else_is_itself_and_the_whole_name_counts(self) -> None:
        for pattern, name in [
            ("", "main"),
            ("main", ""),
            ("main", "Main"),
            ("main", "main2"),
            ("m?in", "main"),
            ("refs/*", "ref"),
            ("*/main", "refs/heads/main/fix"),
            # The two ends of a pattern never share a character of the name.
            ("ab*bc", "abc"),
            ("a*b*b", "ab"),
        ]:
            self.assertFalse(Patterns(pattern).matches(name), f"{pattern} should not match {name}")

    def test_any_pattern_will_do_and_none_matches_nothing(self) -> None:
        self.assertTrue(Patterns("main", "release/*").matches("release/1"))
        self.assertFalse(Patterns().matches(""))

    def test_a_list_in_place_of_texts_is_told(self) -> None:
        with self.assertRaisesRegex(TypeError, "expected texts"):
            Patterns(["main"])  # type: ignore[arg-type]
