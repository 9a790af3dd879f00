import subprocess
import sys
from pathlib import Path

import pytest

from checks import plugins
from tests.runner.cli.desk import Desk, desk_at


@pytest.fixture(scope="session")
def installed(tmp_path_factory) -> Path:
    """A third-party distribution as pip installs it, without asking any index."""
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    pip += ["--no-build-isolation", "--target", str(folder), str(Path(__file__).parent / "shisa-acme")]
    subprocess.run(pip, check=True, stdin=subprocess.DEVNULL, timeout=120)
    return folder


@pytest.fixture
def desk(tmp_path, capsys, monkeypatch) -> Desk:
    return desk_at(tmp_path, capsys, monkeypatch)


@pytest.fixture
def acme(desk, installed, monkeypatch) -> Desk:
    """A desk in whose environment the distribution is installed; what was imported of it is forgotten at the end."""
    monkeypatch.syspath_prepend(installed)
    monkeypatch.setattr(plugins, "_loaded", {})
    monkeypatch.setattr(plugins, "_waiting", {})
    yield desk
    plugins.use(())
    for name in [name for name in sys.modules if name.startswith("shisa_acme")]:
        del sys.modules[name]


def name_checks(desk: Desk, *ids: str) -> None:
    """Let shisa.yaml name third-party checks."""
    with (desk.folder / "shisa.yaml").open("a") as config:
        config.write(f"checks: [{', '.join(ids)}]\n")
