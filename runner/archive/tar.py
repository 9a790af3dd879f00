"""The members of a tar archive as pg_dump writes it: plain files, ustar headers, sizes in octal or base 256."""

from __future__ import annotations

from pathlib import Path

from runner.archive import stream
from runner.errors import ArchiveError

BLOCK = 512
CHECKSUM = slice(148, 156)


def signed(start: bytes) -> bool:
    """Whether a file's first 512 bytes are the header of a tar archive."""
    return len(start) >= BLOCK and start[257:262] == b"ustar" and _sums_up(start[:BLOCK])


def members(path: Path) -> dict[str, tuple[int, int]]:
    """Return each member's first byte and length; raises ArchiveError where the archive breaks off."""
    found: dict[str, tuple[int, int]] = {}
    try:
        whole = path.stat().st_size
        with path.open("rb") as file:
            while True:
                header = file.read(BLOCK)
                if header == bytes(BLOCK):
                    return found
                if not signed(header):
                    raise stream.damaged(path, f"no tar header stands at byte {file.tell() - len(header)}")
                start, size = file.tell(), _number(path, header[124:136])
                name = header[:100].rstrip(b"\0").decode("utf-8", errors="backslashreplace")
                end = start + size + -size % BLOCK
                if end > whole:
                    raise stream.damaged(path, f"it ends inside its member {name}")
                found[name] = (start, size)
                file.seek(end)
    except OSError as error:
        raise stream.unreadable(path, error) from error


def _sums_up(header: bytes) -> bool:
    counted = sum(header) - sum(header[CHECKSUM]) + 8 * ord(" ")
    try:
        return int(header[CHECKSUM].rstrip(b" \0"), 8) == counted
    except ValueError:
        return False


def _number(path: Path, field: bytes) -> int:
    if field[0] == 0x80:  # noqa: PLR2004 - marks base 256, for members of 8 GiB and more
        return int.from_bytes(field[1:], "big")
    try:
        size = int(field.rstrip(b" \0") or b"0", 8)
    except ValueError as error:
        raise stream.damaged(path, "a tar header holds a size that is no number") from error
    if size < 0:
        raise ArchiveError(f"{path} holds a tar header with a negative size.", hint="Take the backup again.")
    return size
