"""Write the committed archives: pg_dump of each version in each format, from one small schema on a throwaway server.

    python tests/data/archives/make.py BIN_FOLDER...      e.g. /usr/lib/postgresql/17/bin

What the files must say goes to expected.yaml, and is asked of the server and of pg_restore, never of shisa.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

HERE = Path(__file__).parent
PORT = "54917"
NOT_ROOT = ["unshare", "--user", "--map-user=65534", "--map-group=65534"] if os.geteuid() == 0 else []
SEQUENCES = """SELECT n.nspname, c.relname, format('SELECT last_value, is_called FROM %I.%I', n.nspname, c.relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE relkind = 'S' ORDER BY 1, 2"""
TABLES = """SELECT n.nspname, c.relname, format('COPY %I.%I TO STDOUT', n.nspname, c.relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE relkind = 'r' AND nspname !~ '^pg_|^information' ORDER BY 1, 2"""
DUMPS = {  # file → (first version, arguments)
    "custom.dump": (14, ["-Fc"]),
    "custom-none.dump": (14, ["-Fc", "-Z0", "-n", "public"]),
    "custom-base.dump": (14, ["-Fc", "-n", "base", "-n", "env_a"]),
    "custom-schema-only.dump": (14, ["-Fc", "-s"]),
    "custom-inserts.dump": (14, ["-Fc", "--inserts", "-n", "public"]),
    "custom-lz4.dump": (16, ["-Fc", "--compress=lz4", "-n", "public"]),
    "custom-zstd.dump": (16, ["-Fc", "--compress=zstd", "-n", "public"]),
    "directory": (14, ["-Fd", "-j2"]),
    "directory-none": (14, ["-Fd", "-Z0", "-n", "public"]),
    "directory-lz4": (16, ["-Fd", "--compress=lz4", "-n", "public"]),
    "directory-zstd": (16, ["-Fd", "--compress=zstd", "-n", "public"]),
    "tar.tar": (14, ["-Ft"]),
    "plain.sql": (14, ["-Fp", "--clean", "--create"]),
    "plain.sql.gz": (14, ["-Fp", "-Z6"]),
    "plain.sql.lz4": (16, ["-Fp", "--compress=lz4"]),
    "plain.sql.zst": (16, ["-Fp", "--compress=zstd"]),
    "plain-inserts.sql": (14, ["-Fp", "--column-inserts", "--verbose"]),
    "plain-statistics.sql": (18, ["-Fp", "--statistics"]),
}
PIPED = {"custom-piped.dump": ["-Fc"]}  # no seek: data offsets stay unknown
BACKSLASHES = {
    "custom-backslashes.dump": ["-Fc"],
    "plain-backslashes.sql": ["-Fp", "--inserts"],
}


class Blocks(yaml.SafeDumper):
    """Writes texts of several lines as blocks, so that a change shows line by line."""


def block(dumper, text):
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if text.count("\n") > 1 else None)


Blocks.add_representer(str, block)


def run(bin_folder, tool, *argv, **more):
    env = {**os.environ, "PGHOST": "127.0.0.1", "PGPORT": PORT, "PGUSER": "owner", "PGCLIENTENCODING": "UTF8"}
    env |= more.pop("env", {})
    command = [*NOT_ROOT, str(bin_folder / tool), *argv]
    return subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, **more).stdout


def psql(bin_folder, sql):
    return run(
        bin_folder, "psql", "-X", "-q", "-At", "-F\x1f", "-R\x1e", "-v", "ON_ERROR_STOP=1", "-d", "shop", "-c", sql
    )


def records(output):
    return [line.split("\x1f") for line in output.decode().rstrip("\n").split("\x1e") if line]


def listing(bin_folder, file):
    """``pg_restore -l`` without the numbers of catalogue rows: ``id; kind schema name owner``."""
    lines = run(bin_folder, "pg_restore", "-l", str(file)).decode().splitlines()
    cut = [line.split(" ", 3) for line in lines if line and not line.startswith(";")]
    return "".join(f"{number} {rest}".rstrip() + "\n" for number, _class, _oid, rest in cut)


def dump_all(bin_folder, major):
    folder = HERE / str(major)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    wanted = {name: (argv, {}) for name, (since, argv) in DUMPS.items() if major >= since}
    off = {"PGOPTIONS": "-c standard_conforming_strings=off"}
    wanted |= {name: (argv, off) for name, argv in BACKSLASHES.items()}
    for name, (argv, env) in wanted.items():
        run(bin_folder, "pg_dump", *argv, "-f", str(folder / name), "shop", env=env)
    for name, argv in PIPED.items():
        (folder / name).write_bytes(run(bin_folder, "pg_dump", *argv, "shop"))
    return {
        "dump_version": run(bin_folder, "pg_dump", "--version").decode().split(") ", 1)[1].strip(),
        "sequences": [
            [schema, name, int((state := records(psql(bin_folder, sql))[0])[0]), state[1] == "t"]
            for schema, name, sql in records(psql(bin_folder, SEQUENCES))
        ],
        "tables": [
            [schema, name, (rows := psql(bin_folder, sql)).count(b"\n"), hashlib.sha256(rows).hexdigest()]
            for schema, name, sql in records(psql(bin_folder, TABLES))
        ],
        "toc": listing(bin_folder, folder / "custom.dump"),
        "toc_sha256": {
            file.name: hashlib.sha256(listing(bin_folder, file).encode()).hexdigest()
            for file in sorted(folder.iterdir())
            if ".sql" not in file.name
        },
    }


def one_version(bin_folder):
    major = int(run(bin_folder, "pg_dump", "--version").decode().split(") ", 1)[1].split(".")[0])
    with tempfile.TemporaryDirectory() as scratch:
        data = str(Path(scratch) / "data")
        run(bin_folder, "initdb", "-D", data, "-U", "owner", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-c listen_addresses=127.0.0.1 -c port={PORT} -c unix_socket_directories= -c fsync=off"
        run(bin_folder, "pg_ctl", "-D", data, "-w", "-l", f"{scratch}/log", "-o", options, "start")
        try:
            run(bin_folder, "createdb", "shop")
            run(bin_folder, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", "shop", "-f", str(HERE / "schema.sql"))
            return major, dump_all(bin_folder, major)
        finally:
            run(bin_folder, "pg_ctl", "-D", data, "-w", "-m", "fast", "stop")


if __name__ == "__main__":
    made = dict(one_version(Path(folder)) for folder in sys.argv[1:])
    text = yaml.dump(made, Dumper=Blocks, allow_unicode=True, sort_keys=False, width=120, default_flow_style=None)
    (HERE / "expected.yaml").write_text(text, encoding="utf-8")
