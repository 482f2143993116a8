import unittest
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from cachewarden_policy import Kind, NoSettings, Patterns, SettingsRefusal
from cachewarden_policy.settings import reader


@dataclass
class Rule:
    scope: str
    kind: Kind = Kind.OTHER


@dataclass
class Settings:
    label: str = "REF"
    trusted: Patterns = Patterns("main")
    rules: list[Rule] = field(default_factory=list)
    days: int = 1
    share: float = 0.5
    strict: bool = False
    write: str | None = None
    refuse: Literal["settings", "session"] | None = None
    limits: dict[str, int] = field(default_factory=dict)
    order: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.days < 1:
            raise ValueError("`days`: expected 1 or more")


class SettingsTest(unittest.TestCase):
    def test_absent_fields_have_their_default(self) -> None:
        self.assertEqual(reader(Settings)("{}"), Settings())

    def test_every_type_is_read(self) -> None:
        text = """{
            "label": "BRANCH", "trusted": ["a*", "b"], "rules": [{"scope": "x", "kind": "package-archive"}], "days": 30,
            "share": 1, "strict": true, "write": null, "refuse": "session", "limits": {"x": 9007199254740993}, "order": ["b", "a"]
        }"""
        expected = Settings(
            label="BRANCH",
            trusted=Patterns("a*", "b"),
            rules=[Rule("x", Kind.PACKAGE_ARCHIVE)],
            days=30,
            share=1.0,
            strict=True,
            write=None,
            refuse="session",
            limits={"x": 9007199254740993},
            order=("b", "a"),
        )
        self.assertEqual(reader(Settings)(text), expected)

    def test_what_is_wrong_is_told_by_field_and_expected_type(self) -> None:
        for text, told in [
            ('{"label": 3}', "`label`: expected a text, found 3"),
            ('{"label": null}', "`label`: expected a text, found null"),
            ('{"trusted": "main"}', '`trusted`: expected a list, found "main"'),
            ('{"trusted": ["a", null]}', "`trusted[1]`: expected a text, found null"),
            ('{"days": true}', "`days`: expected a whole number, found true"),
            ('{"days": 1.0}', "`days`: expected a whole number, found 1.0"),
            ('{"days": 0}', "`days`: expected 1 or more"),
            ('{"share": "1"}', '`share`: expected a number, found "1"'),
            ('{"strict": 1}', "`strict`: expected true or false, found 1"),
            ('{"refuse": "all"}', '`refuse`: expected "settings" or "session", found "all"'),
            ('{"refuse": ["all"]}', '`refuse`: expected "settings" or "session", found ["all"]'),
            ('{"rules": [{}]}', "`rules[0]`: missing field `scope`"),
            ('{"rules": [{"scope": "a", "kind": "prob"}]}', "`rules[0].kind`: `prob` is no kind"),
            ('{"rules": [{"scope": "a", "kind": 2}]}', "`rules[0].kind`: expected the name of a kind, found 2"),
            ('{"rules": [{"scop": "a"}]}', "`rules[0]`: unknown field `scop`, expected one of `scope`, `kind`"),
            ('{"limits": {"a": "b"}}', '`limits.a`: expected a whole number, found "b"'),
            ('{"trustd": []}', "unknown field `trustd`, expected one of `label`, `trusted`"),
        ]:
            with self.subTest(text), self.assertRaises(SettingsRefusal) as refused:
                reader(Settings)(text)
            self.assertIn(told, str(refused.exception))

    def test_without_settings_every_field_is_unknown(self) -> None:
        with self.assertRaisesRegex(SettingsRefusal, "unknown field `days`, expected none"):
            reader(NoSettings)('{"days": 1}')

    def test_a_type_that_json_has_not_is_told_before_anything_is_read(self) -> None:
        for unsupported in (bytes, set[str], dict[int, str], list, Any, str | int):
            with self.subTest(unsupported):
                Wrong: Any = dataclass(type("Wrong", (), {"__annotations__": {"secret": unsupported}}))
                with self.assertRaisesRegex(TypeError, r"settings: Wrong\.secret is of type"):
                    reader(Wrong)

    def test_settings_that_are_no_dataclass_are_told(self) -> None:
        with self.assertRaisesRegex(TypeError, "expected a class with @dataclass"):
            reader(Enum)
