"""Programs that wait for a line and then begin a run, or resume the one that the line names."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runner.errors import ShisaError
from tests.fixtures.servers import ROOT
from tests.runner.engine.stage import Stage, sign_without_programs


def main() -> None:
    setattr(*sign_without_programs())
    stage, person = Stage.at(Path(sys.argv[1])), sys.argv[2]
    os.chdir(stage.folder)
    options = {"person": person, "key": stage.key(person)}
    for line in sys.stdin:
        run = line.strip()
        try:
            play = stage.resume(run, **options) if run else stage.play(**options)
            said = play.state
        except ShisaError as error:
            said = f"{type(error).__name__} {error.message}"
        sys.stdout.write(f"{said}\n")
        sys.stdout.flush()


@pytest.fixture
def starters(stage):
    """Starts a program for each person; what becomes of a run is a line on its output."""
    started = []

    def start(*people):
        for person in people:
            argv = [sys.executable, "-m", "tests.runner.engine.starters", str(stage.folder), person]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            started.append(subprocess.Popen(argv, cwd=ROOT, text=True, **pipes))
        return started

    yield start
    for process in started:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


if __name__ == "__main__":
    main()
