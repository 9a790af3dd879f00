import pytest

from runner.review import sshsig
from tests.runner.review import people


@pytest.fixture(scope="session")
def crew(tmp_path_factory):
    return people.hire(tmp_path_factory.mktemp("crew"))


@pytest.fixture(params=["cryptography", pytest.param("ssh-keygen", marks=pytest.mark.needs("ssh-keygen"))])
def backend(request, monkeypatch, tmp_path):
    """Sign and verify by one of the two ways; without ssh-keygen on the PATH there is only one."""
    if request.param == "cryptography":
        monkeypatch.setenv("PATH", str(tmp_path))
    sshsig._refusal.cache_clear()
    yield request.param
    sshsig._refusal.cache_clear()
