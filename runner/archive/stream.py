"""Files as streams of blocks, unpacked where they are packed; memory stays bounded whatever the file says."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runner.errors import ArchiveError

BLOCK = 1 << 16
START = 512
"""Bytes that tell what a file is: a tar header's length."""
MAGIC = {b"\x1f\x8b": "gzip", b"\x04\x22\x4d\x18": "lz4", b"\x28\xb5\x2f\xfd": "zstd"}
SUFFIXES = {"": "none", ".gz": "gzip", ".lz4": "lz4", ".zst": "zstd"}


def unreadable(path: Path, error: OSError) -> ArchiveError:
    """Say in one sentence why the system does not let us read."""
    return ArchiveError(
        f"{path} cannot be read: {error.strerror or error}.", hint="Check the path and your rights on it."
    )


def damaged(path: Path, what: str) -> ArchiveError:
    """Say what is wrong inside a file that did begin like a backup."""
    return ArchiveError(
        f"{path} is truncated or damaged: {what}.", hint="Take the backup again, or fetch another copy of the file."
    )


def file_blocks(path: Path, *, start: int = 0, length: int | None = None) -> Iterator[bytes]:
    """Yield a file's bytes from ``start`` on, in blocks of at most 64 KiB; ``length`` None is to its end."""
    try:
        with path.open("rb") as file:
            file.seek(start)
            while block := file.read(BLOCK if length is None else min(BLOCK, length)):
                yield block
                length = None if length is None else length - len(block)
    except OSError as error:
        raise unreadable(path, error) from error


def modified_at(path: Path) -> int:
    """When a backup was last written, in seconds of Unix time; of a folder, its newest file."""
    try:
        files = [path, *path.iterdir()] if path.is_dir() else [path]
        return int(max(file.stat().st_mtime for file in files))
    except OSError as error:
        raise unreadable(path, error) from error


def peek(path: Path) -> bytes:
    """Return the first 512 bytes of a regular file; raises ArchiveError where there are none."""
    try:
        if path.exists() and not path.is_file():
            raise ArchiveError(f"{path} is neither a file nor a folder.", hint="Copy the backup into a file first.")
        with path.open("rb") as file:
            start = file.read(START)
    except FileNotFoundError as error:
        raise ArchiveError(f"{path} does not exist.", hint="Check the path of the backup.") from error
    except (OSError, ValueError) as error:
        raise unreadable(path, error if isinstance(error, OSError) else OSError(str(error))) from error
    if not start:
        raise ArchiveError(
            f"{path} is empty.", hint="The dump that should have filled it may have failed; take it again."
        )
    return start


def algorithm_of(start: bytes) -> str:
    """Tell by its first bytes how a file is packed: ``none``, ``gzip``, ``lz4`` or ``zstd``."""
    return next((name for magic, name in MAGIC.items() if start.startswith(magic)), "none")


def unpack(path: Path, blocks: Iterator[bytes], algorithm: str) -> Iterator[bytes]:
    """Unpack a stream of blocks into blocks of at most about 64 KiB; ``path`` is for the error's sentence.

    Raises ArchiveError for a damaged stream, and where lz4 or zstandard is needed and not installed.
    """
    if algorithm == "none":
        yield from blocks
        return
    try:
        yield from _zstd(blocks) if algorithm == "zstd" else _incremental(blocks, algorithm)
    except ImportError as error:
        library = {"lz4": "lz4", "zstd": "zstandard"}[algorithm]
        raise ArchiveError(
            f"{path} is packed with {algorithm}, and the Python package {library} is not installed.",
            hint=f"pip install {library}, or take the backup with another --compress.",
        ) from error
    except (ArchiveError, OSError):
        raise
    except (zlib.error, EOFError, RuntimeError) as error:
        raise damaged(path, f"{algorithm} says {str(error) or 'nothing more'}") from error


def _incremental(blocks: Iterator[bytes], algorithm: str) -> Iterator[bytes]:
    decoder: Any = _Gzip() if algorithm == "gzip" else _lz4()
    for block in blocks:
        data = block
        while data or not decoder.needs_input:
            if decoder.eof:
                decoder = type(decoder)()
            if unpacked := decoder.decompress(data, BLOCK):
                yield unpacked
            data = decoder.unused_data if decoder.eof else b""
    if not decoder.eof:
        raise EOFError("the packed data stop too early")


def _lz4() -> Any:
    from lz4.frame import LZ4FrameDecompressor

    return LZ4FrameDecompressor()


class _Gzip:
    """zlib's decoder with the interface that bz2's, lzma's and lz4's have; reads gzip and bare zlib streams."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=47)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return self.eof or not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


def _zstd(blocks: Iterator[bytes]) -> Iterator[bytes]:
    import zstandard

    class Source:
        def read(self, _size: int = -1) -> bytes:
            return next(blocks, b"")

    reader: Any = zstandard.ZstdDecompressor().stream_reader(Source(), read_across_frames=True)  # type: ignore[arg-type]
    try:
        yield from itertools.takewhile(bool, iter(lambda: reader.read(BLOCK), None))
    except zstandard.ZstdError as error:
        raise RuntimeError(str(error)) from error
