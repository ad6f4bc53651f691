"""The bill of materials of the image, from the lock file: `python hack/sbom.py [FILE]`.

CycloneDX 1.6 as JSON: what the operator is made of, which version with which hashes, under which
licence, and who needs it; the last two as the packages of the development environment say. What
the base image brings is the business of whoever chose the base: its lists are still in the image.
"""

import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path
from typing import Any, Final

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_CHECKOUT: Final = Path(__file__).resolve().parents[1]
_LOCK: Final = _CHECKOUT / "requirements.txt"
_PIN: Final = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\]+))?"
)
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")
# What the image runs on; the lock knows others too.
_IMAGE: Final = {
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "python_full_version": "3.11.2",
    "python_version": "3.11",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "os_name": "posix",
}


@dataclass(slots=True)
class Pin:
    """One locked package and its files."""

    name: str
    version: str
    hashes: list[str] = field(default_factory=list)

    @property
    def purl(self) -> str:
        """Its package URL, which is also its name inside of the document."""
        return f"pkg:pypi/{self.name}@{self.version}"


def pins_of(lock: str) -> Iterator[Pin]:
    """Yield what the lock installs into the image, in its order."""
    pin: Pin | None = None
    for line in lock.splitlines():
        if found := _PIN.match(line):
            pin = _pin(found)
            if pin is not None:
                yield pin
        elif pin is not None:
            pin.hashes += _HASH.findall(line)


def _pin(found: re.Match[str]) -> Pin | None:
    marker = found["marker"]
    if marker and not Marker(marker.strip()).evaluate(_IMAGE):
        return None
    return Pin(canonicalize_name(found["name"]), found["version"])


def document(lock: str, project: dict[str, Any]) -> dict[str, Any]:
    """Return the bill of materials as CycloneDX writes it."""
    pins = list(pins_of(lock))
    root = Pin(canonicalize_name(project["name"]), project["version"])
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{root.purl}\n{lock}")
    component = {
        "type": "application",
        "bom-ref": root.purl,
        "name": root.name,
        "version": root.version,
        "description": project["description"],
        "licenses": [{"expression": project["license"]}],
        "purl": root.purl,
    }
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{identity}",
        "version": 1,
        "metadata": {"component": component},
        "components": [_component(pin) for pin in pins],
        "dependencies": [
            _dependency(root, project["dependencies"], pins),
            *(_dependency(pin, _needs_of(pin), pins) for pin in pins),
        ],
    }


def _component(pin: Pin) -> dict[str, Any]:
    hashes = [{"alg": "SHA-256", "content": each} for each in pin.hashes]
    # The lock allows several files of one version: source, and a wheel for each platform.
    files = [
        {"type": "distribution", "url": f"https://pypi.org/project/{pin.name}/", "hashes": [each]}
        for each in hashes
    ]
    licence = _licence_of(pin)
    return {
        "type": "library",
        "bom-ref": pin.purl,
        "name": pin.name,
        "version": pin.version,
        **({"licenses": [licence]} if licence else {}),
        "purl": pin.purl,
        "externalReferences": files,
    }


def _dependency(pin: Pin, needs: Iterable[str], pins: list[Pin]) -> dict[str, Any]:
    wanted = set(map(_name_if_needed, needs))
    return {"ref": pin.purl, "dependsOn": [one.purl for one in pins if one.name in wanted]}


def _name_if_needed(text: str) -> str:
    """Return the name of a required package, empty if the image does not need it."""
    requirement = Requirement(text)
    marker = requirement.marker
    needed = marker is None or marker.evaluate(_IMAGE | {"extra": ""})
    return canonicalize_name(requirement.name) if needed else ""


def _needs_of(pin: Pin) -> Iterable[str]:
    return (requires(pin.name) or ()) if _is_installed(pin) else ()


def _licence_of(pin: Pin) -> dict[str, Any] | None:
    """Return the licence that the package declares."""
    if not _is_installed(pin):
        return None
    declared = metadata(pin.name)
    if expressions := declared.get_all("License-Expression"):
        return {"expression": expressions[0]}
    words = [each for each in declared.get_all("Classifier") or () if each.startswith("License")]
    names = [each.rpartition(" :: ")[2] for each in words] or declared.get_all("License") or [""]
    return {"license": {"name": names[0].splitlines()[0]}} if names[0] else None


def _is_installed(pin: Pin) -> bool:
    """Say whether this very version is in the environment that runs this program."""
    try:
        return version(pin.name) == pin.version
    except PackageNotFoundError:
        return False


def main(arguments: list[str]) -> int:
    """Write the document to a file, or to standard output."""
    project = tomllib.loads((_CHECKOUT / "pyproject.toml").read_text())["project"]
    text = json.dumps(document(_LOCK.read_text(), project), indent=2) + "\n"
    if not arguments:
        print(text, end="")
        return 0
    file = Path(arguments[0])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
