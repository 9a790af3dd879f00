"""How many bytes each entry's rows take in an archive, packed: what tells how long a restore still goes on."""

from __future__ import annotations

from pathlib import Path

from runner.archive import containers, tar
from runner.archive.read import open_backup


def row_sizes(path: Path) -> dict[int, int]:
    """Tell the size of each entry's rows by its dump id; nothing for a plain dump, and where it is not said.

    Raises ArchiveError like ``read_archive``.
    """
    opened = open_backup(path)
    if isinstance(opened, containers.Custom):
        places = opened.contents().places
        starts = sorted((place, dump_id) for dump_id, place in places.items() if isinstance(place, int) and place > 0)
        ends = [start for start, _ in starts[1:]] + [path.stat().st_size]
        return {dump_id: end - start for (start, dump_id), end in zip(starts, ends, strict=True)}
    if isinstance(opened, containers.Directory | containers.Tar):
        named = {entry.dump_id: name for entry, name in containers.files(opened.contents())}
        if isinstance(opened, containers.Tar):
            members = tar.members(path)
            return {dump_id: members[name][1] for dump_id, name in named.items()}
        found = ((dump_id, opened.rows_file(name)) for dump_id, name in named.items())
        return {dump_id: each[0].stat().st_size for dump_id, each in found if each is not None}
    return {}
