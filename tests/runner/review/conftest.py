import shutil

import pytest

from runner.review import sshsig
from tests.runner.review import people

BACKENDS = ["cryptography", *(["ssh-keygen"] if shutil.which("ssh-keygen") else [])]


@pytest.fixture(scope="session")
def crew(tmp_path_factory):
    return people.hire(tmp_path_factory.mktemp("crew"))


@pytest.fixture(params=BACKENDS)
def backend(request, monkeypatch, tmp_path):
    """Sign and verify by one of the two ways; without ssh-keygen on the PATH there is only one."""
    if request.param == "cryptography":
        monkeypatch.setenv("PATH", str(tmp_path))
    sshsig._refusal.cache_clear()
    yield request.param
    sshsig._refusal.cache_clear()
