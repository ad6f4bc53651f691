"""A folder as kubelet mounts a Secret: links to a folder that is exchanged as a whole."""

import itertools
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class MountedSecret:
    """Writes the entries of a Secret; `<entry>` -> `..data/<entry>`, `..data` -> `..<version>`."""

    folder: Path
    _versions: Iterator[int] = field(default_factory=itertools.count)

    def write(self, entries: Mapping[str, str]) -> None:
        """Bring the folder to these entries, in one step for all of them."""
        version = self.folder / f"..2026_11_24_10_00_00.{next(self._versions)}"
        version.mkdir(parents=True)
        for name, content in entries.items():
            (version / name).write_text(content)
            (version / name).chmod(0o440)
        before = os.path.realpath(self.folder / "..data")
        self._point_to(version)
        for name in entries:
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(Path("..data") / name)
        if before != str(self.folder / "..data"):
            shutil.rmtree(before)

    def _point_to(self, version: Path) -> None:
        (self.folder / "..data_tmp").symlink_to(version.name)
        (self.folder / "..data_tmp").rename(self.folder / "..data")
