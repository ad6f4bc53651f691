"""The npm packages of a Node.js client: installed once for each lock file, outside the checkout."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

# Installing may have to download: the Salesforce CLI took 29 s, an empty cache included.
_SLOW: Final = 300
_FILES: Final = ("package.json", "package-lock.json")
# Nobody's script runs, and nobody is told.
_OPTIONS: Final = ("--omit=dev", "--no-audit", "--no-fund", "--ignore-scripts", "--silent")


def node_modules(client: Path) -> Path:
    """Return the folder of the packages that *client* has locked."""
    digest = hashlib.sha256(b"".join((client / file).read_bytes() for file in _FILES))
    kept = _cache() / f"{client.name}-{digest.hexdigest()[:16]}"
    kept.parent.mkdir(parents=True, exist_ok=True)
    with (kept.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            _install(client, kept)
    return kept / "node_modules"


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "salesforce-token-operator" / "clients"


def _install(client: Path, kept: Path) -> None:
    """Install into a folder that gets its name when all of it is there."""
    with tempfile.TemporaryDirectory(dir=kept.parent) as made:
        folder = Path(made) / "packages"
        folder.mkdir()
        for file in _FILES:
            shutil.copy(client / file, folder)
        subprocess.run(
            ("npm", "ci", *_OPTIONS), cwd=folder, timeout=_SLOW, check=True, capture_output=True
        )
        folder.rename(kept)
