"""The command `python -m cachewarden_policy`: makes a WebAssembly module of a policy."""

import argparse
import sys
from pathlib import Path

from ._build import BuildError, build


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m cachewarden_policy", description="Policies for cachewarden in Python.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("build", help="make a WebAssembly module of a policy")
    command.add_argument("source", type=Path, metavar="FILE", help="the file with the policy's class, such as policy.py")
    command.add_argument("-o", "--output", type=Path, metavar="WASM", help="where to put it (default: beside FILE)")
    arguments = parser.parse_args()
    try:
        build(arguments.source, arguments.output or arguments.source.with_suffix(".wasm"))
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
