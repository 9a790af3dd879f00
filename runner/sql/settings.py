"""Settings whose change takes a protection away or makes later text mean something else."""

from __future__ import annotations

_DANGERS = {
    "session_replication_role": "turns triggers and foreign keys off",
    "allow_system_table_mods": "lets statements change system tables",
    "zero_damaged_pages": "makes damaged pages read as empty",
    "ignore_checksum_failure": "lets damaged pages be read",
    "ignore_system_indexes": "makes the server distrust its system indexes",
    "standard_conforming_strings": "makes the server read later literals in another way than this program",
    "backslash_quote": "makes the server read later literals in another way than this program",
    "client_encoding": "makes the server read later text in another way than this program",
    "row_security": "may hide or show rows by policy",
    "session_preload_libraries": "loads code into sessions",
    "local_preload_libraries": "loads code into sessions",
    "dynamic_library_path": "changes which code functions load",
}


def setting_danger(name: str) -> str:
    """What changing the setting takes away, in words; empty for an ordinary setting."""
    return _DANGERS.get(name.lower(), "")
