"""Whether files are what a run is pinned to: asked before each step, so that what nobody touched is not read again."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path

_SETTLED_NS = 2_000_000_000
"""A file may be written twice within one tick of its file system's clock, and some tick every two seconds."""


class Untouched:
    """What was found to be whole, and by what one sees that nobody touched it since."""

    def __init__(self) -> None:
        self._whole: dict[Path, tuple[str | int, ...]] = {}

    def changed(self, pinned: Mapping[Path, str]) -> list[str]:
        """Tell which files have not the digest that they are pinned to."""
        return [str(path) for path, sha256 in pinned.items() if not self._holds(path, sha256)]

    def _holds(self, path: Path, sha256: str) -> bool:
        try:
            now = path.stat()
            stamp = (sha256, now.st_mtime_ns, now.st_ctime_ns, now.st_size, now.st_ino, now.st_dev)
            if self._whole.get(path) == stamp:
                return True
            content = path.read_bytes()
        except OSError:
            return False
        whole = hashlib.sha256(content).hexdigest() == sha256
        if whole and time.time_ns() - max(now.st_mtime_ns, now.st_ctime_ns) > _SETTLED_NS:
            self._whole[path] = stamp
        return whole
