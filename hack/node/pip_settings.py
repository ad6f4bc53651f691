"""How pip reaches its index on this machine, handed on to the build of an image."""

import configparser
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

_PREFIX: Final = "PIP_"
# What of a machine's settings says where packages come from, and who vouches for that.
_PLACES: Final = ("index-url", "extra-index-url", "find-links", "trusted-host", "cert", "proxy")
_SYSTEM_AUTHORITIES: Final = Path("/etc/ssl/certs/ca-certificates.crt")


def volumes(folder: Path) -> list[str]:
    """Return what to mount into a build so that pip works there as it does here.

    Writes a pip.conf into *folder*.
    """
    found = _settings()
    configuration = folder / "pip.conf"
    configuration.write_text("\n".join(["[global]", *(f"{k} = {v}" for k, v in found.items()), ""]))
    configuration.chmod(0o644)
    mounted = [f"{configuration}:/etc/pip.conf:ro"]
    local = {Path(part) for value in found.values() for part in value.split() if part[:1] == "/"}
    return mounted + [f"{path}:{path}:ro" for path in sorted(local) if path.exists()]


def _settings() -> dict[str, str]:
    authorities = {"cert": str(_SYSTEM_AUTHORITIES)} if _SYSTEM_AUTHORITIES.exists() else {}
    found = authorities | _from_files() | _from_environment()
    return {name: value for name, value in found.items() if name in _PLACES}


def _from_environment() -> dict[str, str]:
    return {
        name.removeprefix(_PREFIX).lower().replace("_", "-"): value
        for name, value in os.environ.items()
        if name.startswith(_PREFIX)
    }


def _from_files() -> dict[str, str]:
    command = [sys.executable, "-m", "pip", "config", "debug"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    found: dict[str, str] = {}
    for line in answer.stdout.splitlines():
        path, _, exists = line.strip().partition(", exists: ")
        if exists == "True":
            found |= _global_section(Path(path))
    return found


def _global_section(path: Path) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    parser.read(path)
    return dict(parser["global"]) if parser.has_section("global") else {}
