"""What is wrong with a policy is told before componentize-py is called. That it builds is shown by the host's cases."""

import re
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

from cachewarden_policy import _build
from cachewarden_policy._component import with_plain_exports

IMPORT = "from cachewarden_policy import *\n"


class BuildTest(unittest.TestCase):
    def refused(self, source: str, name: str = "written_policy.py") -> str:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, name)
            file.write_text(IMPORT + source, encoding="utf-8")
            # What a build imports, the next one has not seen.
            with (
                unittest.mock.patch.object(sys, "path", [*sys.path]),
                unittest.mock.patch.dict(sys.modules),
                self.assertRaises(_build.BuildError) as error,
            ):
                _build.build(file, Path(folder, "policy.wasm"))
            self.assertEqual([one.name for one in Path(folder).iterdir()], [name])
        return str(error.exception)

    def test_a_file_has_one_policy(self) -> None:
        self.assertIn("derives from Policy, and there is none", self.refused(""))
        self.assertIn("there are A, B", self.refused("class A(Policy): pass\nclass B(Policy): pass\n"))

    def test_a_file_is_named_like_a_module_of_its_own(self) -> None:
        policy = "class A(Policy): pass\n"
        self.assertIn("named like a module", self.refused(policy, "read-only.py"))
        self.assertIn("another module called json", self.refused(policy, "json.py"))

    def test_a_method_takes_what_the_host_tells(self) -> None:
        told = self.refused("class A(Policy):\n    def get(self): ...\n")
        self.assertIn("A: expected `def get(self, candidate: Candidate) -> Lookup`, found `def get(self)`", told)
        told = self.refused("class A(Policy):\n    async def put(self, offer): ...\n")
        self.assertIn("A: expected `def put(self, offer", told)

    def test_a_misspelt_method_is_told(self) -> None:
        told = self.refused("class A(Policy):\n    def putt(self, offer: Offer) -> Reach: ...\n")
        self.assertIn("`def put(self, offer: Offer) -> Reach`", told)
        self.assertIn("found `def putt(self, offer: Offer) -> Reach`", told)

    def test_settings_are_of_a_type_that_can_be_read(self) -> None:
        told = self.refused("class A(Policy):\n    settings: dict\n")
        self.assertIn("written_policy.py: TypeError: settings: expected a class with @dataclass, found <class 'dict'>", told)

    def test_a_mistake_is_told_by_its_place_in_the_authors_file(self) -> None:
        for source, place, error in [
            ("class A(Policy):\n    size = larg\n", "line 3", "NameError: name 'larg' is not defined"),
            ("class A(Policy):\n    def put(self, offer: Offer -> Reach: ...\n", "line 3", "SyntaxError: "),
            ("class A(Policy):\n  pass\nraise ValueError('no\\nuse')\n", "line 4", "ValueError: no\nuse\n"),
            ("import jsn\n", "line 2", "ModuleNotFoundError: No module named 'jsn'"),
            ("try:\n    {}['a']\nexcept KeyError:\n    Kind('b')\n", "line 5", "ValueError: `b` is no kind"),
        ]:
            with self.subTest(source):
                told = self.refused(source)
                self.assertRegex(told, rf"\A/.*/written_policy\.py, {place}: {re.escape(error)}")
                for ours in ["cachewarden_policy/", "importlib", "Traceback"]:
                    self.assertNotIn(ours, told)

    def test_the_calls_of_the_author_are_told(self) -> None:
        told = self.refused("def size():\n    return larg\nclass A(Policy):\n    largest = size()\n")
        for part in ["line 5, in A", "    largest = size()", "line 3, in size", "    return larg"]:
            self.assertIn(part, told)

    def test_what_was_handled_before_is_told_after(self) -> None:
        told = self.refused("try:\n    {}['a']\nexcept KeyError:\n    raise ValueError('b')\n")
        self.assertRegex(told, r"(?s)\A/.*line 5: ValueError: b\n.*\nafter /.*line 3: KeyError: 'a'")

    def test_a_type_that_is_not_there_is_told(self) -> None:
        told = self.refused("class A(Policy):\n    settings: 'Setings'\n")
        self.assertRegex(told, r"\A/.*/written_policy\.py: NameError: name 'Setings' is not defined")
        self.assertNotIn("cachewarden_policy/", told)

    def test_the_contract_has_what_is_asked_only(self) -> None:
        contract = _build._contract(["open", "put"])
        self.assertIn("  export policy-open: func(session: session)", contract)
        self.assertIn("  export policy-put: func(offer: offer) -> reach;", contract)
        self.assertNotIn("export get", contract)
        self.assertNotIn("close:", contract)


class ComponentTest(unittest.TestCase):
    HEADER = b"\0asm\x0d\0\x01\0"

    def section(self, kind: int, content: bytes) -> bytes:
        return bytes([kind, len(content) | 0x80, 0]) + content

    def test_only_exports_are_named_anew(self) -> None:
        other = self.section(1, b"\0\x0bpolicy-open")
        exports = self.section(11, b"\x01\0\x0bpolicy-open\x01\0\0")
        renamed = with_plain_exports(self.HEADER + other + exports, ["open"])
        self.assertEqual(renamed, self.HEADER + bytes([1, 13]) + other[3:] + bytes([11, 10]) + b"\x01\0\x04open\x01\0\0")

    def test_a_missing_export_is_told(self) -> None:
        with self.assertRaisesRegex(ValueError, "policy-get"):
            with_plain_exports(self.HEADER, ["get"])
