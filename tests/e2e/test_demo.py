"""``shisa demo`` as a new user starts it: anywhere, as anybody, to its end or broken off."""

import json
import os
import re
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from runner.demo.account import NOBODY
from runner.errors import UsageError
from tests.e2e.stage import SHISA, search_path_without
from tests.e2e.terminal import Terminal
from tests.fixtures.needs import missing

AFTER = [0, pytest.param(1, marks=pytest.mark.slow), 7, pytest.param(300, marks=pytest.mark.slow)]
SIGNALS = [
    signal.SIGTERM,
    pytest.param(signal.SIGINT, marks=pytest.mark.slow),
    pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
]
EDGES = {"╭": "╮", "│": "│", "├": "┤", "╰": "╯"}
"""How a table's line begins and ends."""
pytestmark = pytest.mark.usefixtures("postgres_binaries")


@pytest.fixture
def home(tmp_path):
    made = tmp_path / "home"
    made.mkdir()
    return made


@pytest.fixture
def env(tmp_path, home, postgres_binaries):
    """An empty home, a folder for temporary files that can be looked through afterwards, one PostgreSQL."""
    scratch = tmp_path / "tmp"
    scratch.mkdir(mode=0o755)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(scratch),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "SHISA_PG_BIN": str(postgres_binaries.bin),
    }


def demo(*words, env, cwd, before=()):
    done = subprocess.run(
        [*before, SHISA, "demo", *words],
        env=env,
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


def nothing_is_left(env):
    """No folder with a server in it, and no process that works in one."""
    scratch = Path(env["TMPDIR"])
    assert list(scratch.iterdir()) == []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            works_in = str((process / "cwd").readlink())
        except OSError:
            continue
        assert not works_in.startswith(str(scratch)), (process / "cmdline").read_bytes()


@pytest.mark.parametrize("after", AFTER)
def test_the_figures_follow_the_incident(env, home, after):
    done = demo("--auto", "--format", "json", "--rows-after-backup", str(after), env=env, cwd=home)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    without, with_ = told["without"], told["with"]
    assert (without["sequence_before"], without["sequence_after"]) == (100 + after, 100)
    assert (without["duplicate_ids"] > 0) == (after > 0)
    assert without["duplicate_ids"] <= after
    assert without["sqlstate"] == ("23505" if without["duplicate_ids"] < after else None)
    stopped = ("sequence-drift", "block") if after else (None, None)
    assert (with_["stopped_by"], with_["verdict"]) == stopped
    assert with_["ids_to_be_reissued"] == after
    assert (with_["duplicate_ids"], with_["customer_errors"]) == (0, [])
    assert (with_["outcome"], with_["approved_by"]) == ("completed", ["bob"])
    report = Path(told["report"]).read_text()
    assert told["run"] in report
    assert ("ids would be issued twice" in report or "id would be issued twice" in report) == (after > 0)
    folder = Path(told["journal"]).parent
    assert folder.parent == home / ".shisa"
    proof = subprocess.run(
        [SHISA, "verify", "--config", folder / "shisa.yaml", "--format", "json"],
        env=env, cwd=home, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert proof.returncode == 0, proof.stderr
    assert json.loads(proof.stdout)["chain"] == "ok"
    assert json.loads(proof.stdout)["signatures"]["invalid"] == 0
    nothing_is_left(env)


@pytest.mark.parametrize(
    "saved", [7, pytest.param(0, marks=pytest.mark.slow), pytest.param(50, marks=pytest.mark.long)]
)
def test_the_figures_of_the_second_incident_follow_what_customers_saved(env, home, saved):
    done = demo("--incident", "2", "--auto", "--format", "json", "--rows-after-backup", str(saved), env=env, cwd=home)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    without, with_ = told["without"], told["with"]
    assert (without["settings_reset"], without["tenants_hit"]) == (saved, min(saved, 3))
    assert sum(each["settings"] for each in with_["tenants_at_risk"]) == saved
    names = {"42": "ACME K.K.", "7": "Nanairo Trading", "19": "Hokuto Works"}
    assert {each["tenant"]: each["name"] for each in with_["tenants_at_risk"]} == (names if saved else {})
    met = {"stopped_by": "ask-cs", "answer": "none", "facts": "saved"}
    assert with_.items() >= (met if saved else {"stopped_by": None, "answer": "none", "facts": "none"}).items()
    assert (with_["settings_reset"], with_["outcome"], with_["approved_by"]) == (0, "completed", ["bob"])
    assert with_["rows_restored"] == without["rows_restored"] > 0
    assert ("but the database says saved" in Path(told["report"]).read_text()) == (saved > 0)
    nothing_is_left(env)


@pytest.mark.long
def test_the_guided_tour_of_the_second_incident_leads_to_the_reviewer_and_can_be_left(env, home):
    terminal = Terminal([SHISA, "demo", "--incident", "2"], env=env, cwd=home, columns=80, lines=24)
    chair = Chair(terminal)
    chair.answer("> Press Enter to do the same with shisa", "")
    chair.answer("> none, saved:", "none")
    terminal.see("answered none (No saved row), but the", "What stopped it")
    chair.answer("> Press Enter to be carol again, and answer", "")
    chair.answer("> none, saved:", "saved")
    chair.answer("Which target does this run on? Type its name:", "live")
    terminal.see("?")
    terminal.press("c")
    terminal.see("What it came to", "LEFT")
    assert terminal.ended() == 5
    terminal.close()
    nothing_is_left(env)


@pytest.fixture
def stranger(tmp_path_factory):
    """A folder of an ordinary user, and the words that make a program run as one."""
    if os.geteuid() != 0:
        yield tmp_path_factory.mktemp("ordinary"), ()
        return
    before = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    with tempfile.TemporaryDirectory(prefix="shisa-ordinary-") as folder:
        os.chown(folder, NOBODY, NOBODY)
        if subprocess.run([*before, SHISA, "--version"], check=False, capture_output=True, cwd=folder).returncode != 0:
            missing(UsageError(f"An ordinary user cannot reach {SHISA}."))
        yield Path(folder), before


@pytest.mark.long
def test_an_ordinary_user_anywhere_without_a_home_and_without_ssh_keygen(stranger, env, tmp_path):
    folder, before = stranger
    path = search_path_without("ssh-keygen", folder / "bin")
    scratch = folder / "tmp"
    scratch.mkdir(mode=0o777)
    scratch.chmod(0o777)
    env |= {"PATH": path, "TMPDIR": str(scratch), "HOME": str(folder / "nowhere")}
    done = demo("--auto", "--format", "json", env=env, cwd="/proc", before=before)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["with"]["outcome"] == "completed"
    assert told["with"]["approved_by"] == ["bob"]
    kept = Path(told["journal"]).parent
    assert kept.parent == scratch, "the current folder cannot be written to"
    assert [each for each in scratch.iterdir() if each != kept] == []


class Chair:
    """The user at the terminal, who plays both people."""

    def __init__(self, terminal):
        self.terminal = terminal

    def answer(self, question, *answer):
        self.terminal.see(question)
        self.terminal.type(*answer)

    def review(self, step, *slips):
        """Read back what is asked for, off the screen; the slips first."""
        self.terminal.see("You are bob now, the second person", "━━ What the guards measured")
        for slip in slips:
            self.answer("Which target does this run on? Type its name:", slip)
        if slips:
            self.terminal.see("That is not what the screen says")
        self.answer("Which target does this run on? Type its name:", "live")
        found = self.terminal.see_one("What is the highest id in use", "What is the name of the target's database?")
        highest = re.findall(r"highest id in use: ([\d,]+)", self.terminal.text())[-1]
        self.terminal.type("guarded" if found else highest)
        self.answer(f"Type {step} to go on; anything else stops:", step)


@pytest.fixture
def tour(env, home):
    """The guided tour in a small terminal, at the moment at which the guard has closed the gate."""
    terminal = Terminal([SHISA, "demo"], env=env, cwd=home, columns=80, lines=24)
    chair = Chair(terminal)
    chair.answer("> Press Enter to do the same with shisa", "")
    chair.answer("> done, stop:", "done")
    chair.answer("> go, stop, skip:", "go")
    terminal.see("BLOCK", "ids issued twice: 50", "This is where the incident began", "> again, remedy1, stop:")
    yield chair
    terminal.close()


def test_the_guided_tour_leads_to_its_end(tour, env):
    tour.terminal.type("remedy1")
    tour.review("restore-shared", "lvie", "staging")
    tour.review("restore-shared.remedy1")
    tour.terminal.see("What it came to", "sequence-drift (block)", "completed", "Try next", "shisa show")
    assert tour.terminal.ended() == 0
    assert tour.terminal.text().count("━━ Create the empty copy") == 1, "a step is shown once"
    for line in tour.terminal.text().splitlines():
        assert not line.startswith(tuple(EDGES)) or line.endswith(EDGES[line[0]]), f"a table cut or folded: {line}"
    nothing_is_left(env)


def test_what_to_try_next_can_be_pasted_also_where_the_program_is_not_on_the_path(env, home):
    told = demo("--auto", env=env, cwd=home).stdout
    typed = [line.strip() for line in told.split("Try next")[1].splitlines() if SHISA in line]
    assert [line.removeprefix(SHISA).split()[0] for line in typed] == ["show", "verify", "explain", "init"]
    for line in typed[:-1]:
        done = subprocess.run(line, shell=True, env=env, cwd=home, capture_output=True, text=True, check=False)  # noqa: S602
        assert (done.returncode, done.stderr) == (0, ""), line


@pytest.mark.long
def test_ctrl_c_in_the_guided_tour_leaves_nothing_running(tour, env):
    tour.terminal.press("c")
    tour.terminal.see("STOPPED", "What it came to", "stopped", "LEFT")
    assert tour.terminal.ended() == 5
    nothing_is_left(env)


@pytest.mark.long
@pytest.mark.parametrize("how", SIGNALS)
def test_a_demo_that_is_broken_off_leaves_nothing_running(env, home, how):
    terminal = Terminal([SHISA, "demo", "--auto"], env=env, cwd=home)
    terminal.see("What stands there")
    assert terminal.kill(how) == 130
    nothing_is_left(env)


@pytest.mark.long
def test_what_the_demo_cannot_take_is_said_before_a_server_is_started(env, home):
    (home / "kept").mkdir()
    (home / "kept" / "file").touch()
    for words, says in (
        (("--rows-after-backup", "-1"), "--rows-after-backup takes 0 or more"),
        (("--out", "kept"), "kept is not empty"),
        (("--out", "kept/file"), "kept/file cannot be used"),
    ):
        done = demo("--auto", *words, env=env, cwd=home)
        assert (done.returncode, says in done.stderr) == (2, True), done.stderr
        assert "Starting" not in done.stderr
    nothing_is_left(env)
