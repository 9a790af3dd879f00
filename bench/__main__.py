"""All benches, one behind the other: ``python -m bench [NAME …]``; fails where one is above its bound."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def main(names: list[str]) -> int:
    """Run the named benches, or all."""
    known = sorted(path.stem for path in FOLDER.glob("[!_]*.py"))
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.stderr.write(f"there is no bench {unknown[0]!r}; there are {', '.join(known)}\n")
        return 2
    failed = [
        name
        for name in names or known
        if subprocess.run([sys.executable, FOLDER / f"{name}.py"], cwd=FOLDER.parent, check=False).returncode
    ]
    if failed:
        sys.stderr.write(f"above their bounds: {', '.join(failed)}\n")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
