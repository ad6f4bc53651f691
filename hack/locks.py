"""Check that the locked requirements are in step with pyproject.toml, without the network.

A dependency that pyproject.toml names must be locked, at a version that it allows. `make lock`
writes the locks anew.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_CHECKOUT: Final = Path(__file__).resolve().parents[1]
_PINNED: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)", re.MULTILINE)


def problems_of(lock: Path, wanted: list[str]) -> Iterator[str]:
    """Yield a sentence for each requirement that the lock does not satisfy."""
    pinned = {canonicalize_name(name): version for name, version in _pins(lock)}
    for text in wanted:
        requirement = Requirement(text)
        version = pinned.get(canonicalize_name(requirement.name))
        if version is None:
            yield f"{lock.name} lacks {requirement.name}."
        elif not requirement.specifier.contains(version, prereleases=True):
            yield f"{lock.name} has {requirement.name} {version}; pyproject.toml wants {text}."
    if "://" in lock.read_text():
        yield f"{lock.name} names a URL; an index is the choice of whoever installs."


def _pins(lock: Path) -> list[tuple[str, str]]:
    return _PINNED.findall(lock.read_text())


def main() -> int:
    """Print the problems and return 1 if there are any."""
    project = tomllib.loads((_CHECKOUT / "pyproject.toml").read_text())
    run, develop = project["project"]["dependencies"], project["dependency-groups"]["dev"]
    runtime, development = _CHECKOUT / "requirements.txt", _CHECKOUT / "requirements-dev.txt"
    problems = [*problems_of(runtime, run), *problems_of(development, run + develop)]
    differing = set(_pins(runtime)) - set(_pins(development))
    problems += [f"{name} {version} is in one lock only." for name, version in sorted(differing)]
    for problem in problems:
        print(problem)
    print("Run 'make lock'." if problems else "The locks are in step with pyproject.toml.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
