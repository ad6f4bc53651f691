"""Remove from a Debian with Python what the operator's image never needs.

Runs as the last program of the image's build, inside of it: `python3 strip.py`. What is left is
Python, shared libraries, CA certificates, time zones, and the lists of packages that
vulnerability scanners read. Uses the standard library only, and no other program.
"""

import compileall
import py_compile
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_PROGRAMS: Final = ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin")
_DEVELOPMENT: Final = ("ensurepip", "idlelib", "lib2to3", "pydoc_data", "test", "tkinter")
_INSTALLERS: Final = (
    "_distutils_hack",
    "distutils-",
    "pip",
    "pkg_resources",
    "setuptools",
    "wheel",
)
_NEVER_READ: Final = (
    "/etc/apt",
    "/usr/include",
    "/usr/lib/apt",
    "/usr/lib/dpkg",
    "/usr/lib/systemd",
    "/usr/share/bash-completion",
    "/usr/share/info",
    "/usr/share/locale",
    "/usr/share/man",
    "/usr/share/perl5",
    "/usr/share/python-wheels",
    "/var/cache",
    "/var/lib/apt",
    "/var/log",
)
_USER: Final = "nonroot:x:65532:65532:nonroot:/nonexistent:/sbin/nologin\n"
_GROUP: Final = "nonroot:x:65532:\n"


def main() -> None:
    """Strip this file system, and compile what is left of the standard library."""
    _append(Path("/etc/passwd"), _USER)
    _append(Path("/etc/group"), _GROUP)
    for path in (*_installers(), *_development(), *map(Path, _NEVER_READ), *_perl(), *_manuals()):
        _remove(path)
    library = sysconfig.get_path("stdlib")
    compileall.compile_dir(
        library, quiet=1, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )
    # Last: from here on no other program runs.
    for path in _programs():
        _remove(path)
    _remove(Path(__file__))


def _installers() -> Iterator[Path]:
    folders = {Path(sysconfig.get_path("purelib")), Path("/usr/lib/python3/dist-packages")}
    for folder in folders:
        yield from (each for each in folder.glob("*") if each.name.startswith(_INSTALLERS))


def _development() -> Iterator[Path]:
    library = Path(sysconfig.get_path("stdlib"))
    yield from (library / name for name in _DEVELOPMENT)
    yield from library.glob("config-*")


def _perl() -> Iterator[Path]:
    yield from Path("/usr/lib").glob("*/perl*")


def _manuals() -> Iterator[Path]:
    # The copyright files stay: the licences ask for them.
    for path in Path("/usr/share/doc").rglob("*"):
        if path.is_file() and path.name != "copyright":
            yield path


def _programs() -> Iterator[Path]:
    for folder in map(Path, _PROGRAMS):
        if folder.is_symlink():
            continue
        yield from (each for each in folder.glob("*") if not each.name.startswith("python3"))


def _append(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(line)


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)


if __name__ == "__main__":
    if Path(__file__) != Path("/strip.py"):
        sys.exit("This empties the file system that it runs in: for the image's build only.")
    main()
