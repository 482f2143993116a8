"""Makes a WebAssembly module of a policy.

What is wrong with a policy's class is found here, in the Python that builds, before componentize-py is called.
"""

import importlib
import inspect
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from types import ModuleType

from ._component import PREFIX, with_plain_exports
from ._error_report import MARK, report
from .instance import Instance
from .policy import Policy

# What a policy need not answer. `open` is always there: it reads the settings.
OPTIONAL_QUESTIONS = ("get", "put", "close")
QUESTIONS = ("open", *OPTIONAL_QUESTIONS)

ENTRY_NAME = "cachewarden_policy_entry"
# The Python in the module would leave its byte code beside the sources.
ENTRY = """\
import sys
sys.dont_write_bytecode = True
from cachewarden_policy import _guest

WitWorld = _guest.export("{module}", "{policy}")
"""


class BuildError(Exception):
    """Why a policy cannot be built, for its author."""


def build(source: Path, output: Path) -> None:
    """Builds the policy in the file `source`. `output` appears complete, or stays as it was."""
    with _telling(source):
        policy = _policy_in(_load(source))
        _check(policy)
    with tempfile.TemporaryDirectory(prefix="cachewarden-policy-") as folder:
        contract = Path(folder, "policy.wit")
        questions = _questions(policy)
        contract.write_text(_contract(questions), encoding="utf-8")
        entry = Path(folder, f"{ENTRY_NAME}.py")
        entry.write_text(ENTRY.format(module=source.stem, policy=policy.__name__), encoding="utf-8")
        component = Path(folder, "component.wasm")
        _componentize(contract, [entry.parent, source.resolve().parent, Path(__file__).parents[1]], component)
        _publish(with_plain_exports(component.read_bytes(), questions), output)


@contextmanager
def _telling(source: Path) -> Iterator[None]:
    """Reports an error in the author's code, such as a misspelt name, with its position."""
    try:
        yield
    except BuildError:
        raise
    except Exception as error:
        raise BuildError(report(error, str(source.resolve()))) from None


def _load(source: Path) -> ModuleType:
    """Runs a policy's file, as the Python in the module will."""
    if not source.is_file():
        raise BuildError(f"{source}: there is no such file")
    if not (source.suffix == ".py" and source.stem.isidentifier()):
        raise BuildError(f"{source}: a policy's file is named like a module, such as policy.py or read_only.py")
    if source.stem in sys.stdlib_module_names or source.stem in sys.modules:
        raise BuildError(f"{source}: there is another module called {source.stem}; name the file policy.py, for example")
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(source.resolve().parent))
    return importlib.import_module(source.stem)


def _policy_in(module: ModuleType) -> type[Policy]:
    """The one policy that a file defines."""
    defined = [one for one in vars(module).values() if inspect.isclass(one) and one.__module__ == module.__name__]
    policies = [one for one in defined if issubclass(one, Policy)]
    if not policies:
        raise BuildError(f"{module.__file__}: expected a class that derives from Policy, and there is none")
    if len(policies) > 1:
        names = ", ".join(policy.__name__ for policy in policies)
        raise BuildError(f"{module.__file__}: expected one class that derives from Policy, and there are {names}")
    return policies[0]


def _check(policy: type[Policy]) -> None:
    """Refuses a policy whose methods or settings the host could not use."""
    Instance(policy)
    for name, value in vars(policy).items():
        if inspect.isfunction(value) and not name.startswith("_") and name not in QUESTIONS:
            expected = ", ".join(f"`{_head(question, getattr(Policy, question))}`" for question in QUESTIONS)
            found = f"`{_head(name, value)}`, which nothing calls"
            raise BuildError(f"{policy.__name__}: expected one of {expected}, or `_{name}` for a method of its own; found {found}")
    for question in QUESTIONS:
        method = getattr(policy, question)
        wanted = f"{policy.__name__}: expected `{_head(question, getattr(Policy, question))}`"
        if not inspect.isfunction(method) or inspect.iscoroutinefunction(method):
            raise BuildError(f"{wanted}, found {method!r}")
        try:
            inspect.signature(method).bind("self", "argument")
        except TypeError:
            raise BuildError(f"{wanted}, found `{_head(question, method)}`") from None


def _head(name: str, method: Callable[..., object]) -> str:
    """A method's first line, its types by the names that a policy imports."""
    head = f"def {name}{inspect.signature(method)}".replace("'", "")
    return re.sub(rf"\b{__package__}\.\w+\.", "", head)


def _questions(policy: type[Policy]) -> list[str]:
    """What the host is to ask this policy: one that is not exported is not asked, and costs nothing."""
    written = [name for name in OPTIONAL_QUESTIONS if getattr(policy, name) is not getattr(Policy, name)]
    return ["open", *written]


def _contract(questions: list[str]) -> str:
    """The contract with these questions only, under the names that componentize-py can link."""
    contract = resources.files(__package__).joinpath("policy.wit").read_text(encoding="utf-8")

    def export(match: re.Match[str]) -> str:
        return f"  export {PREFIX}{match[1]}:{match[2]}" if match[1] in questions else ""

    return re.sub(r"^  export ([a-z-]+):(.*\n)", export, contract, flags=re.MULTILINE)


def _componentize(contract: Path, python_path: list[Path], output: Path) -> None:
    """Runs componentize-py. It finds third-party packages by the virtual environment that we run in."""
    scripts = sysconfig.get_path("scripts")
    program = shutil.which("componentize-py", path=scripts) or shutil.which("componentize-py")
    if program is None:
        raise BuildError("componentize-py is not installed: `pip install cachewarden-policy` brings it")
    command = [program, "--quiet", "--wit-path", str(contract), "--world", "policy"]
    command += ["componentize", ENTRY_NAME, "--output", str(output)]
    for folder in python_path:
        command += ["--python-path", str(folder)]
    environment = dict(os.environ)
    if sys.prefix != sys.base_prefix:
        environment["VIRTUAL_ENV"] = sys.prefix
    ran = subprocess.run(command, env=environment, check=False, stderr=subprocess.PIPE, text=True, errors="replace")
    of_author = re.search(f"{MARK}(.*?){MARK}", ran.stderr, re.DOTALL)
    if of_author:
        raise BuildError(f"{of_author[1]}\nThis happens inside of WebAssembly only, where C extensions, files and processes are missing.")
    sys.stderr.write(ran.stderr)
    if ran.returncode != 0:
        raise BuildError(f"componentize-py failed with exit status {ran.returncode}")


def _publish(component: bytes, output: Path) -> None:
    """Moves a component to its path, in one step for readers."""
    temporary = output.with_name(f".{output.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(component)
        temporary.replace(output)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise BuildError(f"cannot write {output}: {error.strerror}") from None
