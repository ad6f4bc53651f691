"""Checks of single files for pre-commit: `python hack/files.py ends|yaml|private-keys FILE...`."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import yaml

# A whole key: tests and documents speak of the first line alone.
_PRIVATE_KEY: Final = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+(?:[A-Za-z0-9+/=]{40,}\s+){5,}"
)


def ends(file: Path) -> Iterator[str]:
    """Yield what is wrong with the ends of the file and of its lines."""
    content = file.read_bytes()
    if content and (not content.endswith(b"\n") or content.endswith(b"\n\n")):
        yield "must end with one newline"
    if re.search(rb"[ \t\r]+$", content, re.MULTILINE):
        yield "has white space at the end of a line"


def valid_yaml(file: Path) -> Iterator[str]:
    """Yield why the file is not YAML."""
    try:
        list(yaml.safe_load_all(file.read_bytes()))
    except yaml.YAMLError as error:
        yield str(error)


def private_keys(file: Path) -> Iterator[str]:
    """Yield that the file holds a private key."""
    if _PRIVATE_KEY.search(file.read_bytes()):
        yield "holds a private key"


_CHECKS: Final[dict[str, Callable[[Path], Iterator[str]]]] = {
    "ends": ends,
    "yaml": valid_yaml,
    "private-keys": private_keys,
}


def main(arguments: list[str]) -> int:
    """Print what is wrong and return 1 if anything is."""
    check = _CHECKS[arguments[0]]
    problems = [f"{name}: {problem}" for name in arguments[1:] for problem in check(Path(name))]
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
