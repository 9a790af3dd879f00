import pytest

from runner.config.model import Person
from runner.errors import ConfigError
from runner.review.identity import Identity, decide, identify, os_user
from runner.review.keys import find_keys


def who(crew, *at_hand, person=None, os_user=None, named=False, people=None):
    keys = [crew.keys[name] for name in at_hand]
    chosen = crew.people if people is None else people
    return decide(chosen, person=person, at_hand=keys, named=named, os_user=os_user)


def test_the_one_person_whose_key_is_at_hand_is_the_user(crew):
    assert who(crew, "stranger", "bob", os_user="u-carol") == Identity("bob", crew.keys["bob"])


def test_without_a_key_the_os_user_is_taken_and_cannot_sign(crew):
    assert who(crew, "stranger", os_user="u-carol") == Identity("carol", None)


def test_a_named_person_takes_their_own_key_among_several(crew):
    assert who(crew, "bob", "carol", person="carol") == Identity("carol", crew.keys["carol"])
    assert who(crew, "bob", person="carol") == Identity("carol", None)


def test_a_named_person_with_a_named_key_of_theirs_is_taken(crew):
    assert who(crew, "carol", person="carol", named=True) == Identity("carol", crew.keys["carol"])


def test_without_any_people_the_os_user_stands_in_unsigned(crew):
    assert who(crew, os_user="root", people={}) == Identity("root", None)
    assert who(crew, person="yuki", os_user="root", people={}) == Identity("yuki", None)
    with pytest.raises(ConfigError, match="belongs to nobody"):
        who(crew, "bob", named=True, os_user="root", people={})
    with pytest.raises(ConfigError, match="Nobody in shisa"):
        who(crew, os_user=None, people={})


def test_a_user_without_a_name_is_not_a_person_without_an_os_user(crew):
    with pytest.raises(ConfigError, match="Nobody in shisa"):
        who(crew, os_user=None, people={"zoe": Person(teams=("ops",))})


def test_people_may_share_an_authority(crew):
    authority = f"cert-authority {crew.keys['stranger'].public.line}"
    people = {name: Person(keys=(authority,), os_user=f"u-{name}") for name in ("ida", "ivo")}
    assert who(crew, os_user="u-ivo", people=people) == Identity("ivo", None)


@pytest.mark.parametrize(
    ("at_hand", "more", "sentence"),
    [
        (["bob", "carol"], {}, "Keys of several people are at hand: bob, carol."),
        ([], {"os_user": "nobody"}, "Nobody in shisa.yaml has one of your SSH keys or os_user nobody."),
        ([], {"os_user": None}, r"or os_user \(none\)\."),
        (["bob"], {"person": "zoe"}, "shisa.yaml knows nobody called zoe."),
        (["bob"], {"person": "carol", "named": True}, "not one of carol's keys"),
        (["stranger"], {"named": True, "os_user": "u-bob"}, "belongs to nobody in shisa.yaml"),
    ],
)
def test_nobody_is_guessed(crew, at_hand, more, sentence):
    with pytest.raises(ConfigError, match=sentence) as raised:
        who(crew, *at_hand, **more)
    assert raised.value.exit_code == 2


def test_an_os_user_of_two_people_is_ambiguous(crew):
    people = {**crew.people, "bobby": Person(os_user="u-bob")}
    with pytest.raises(ConfigError, match=r"os_user u-bob stands for several people in shisa.yaml: bob, bobby"):
        who(crew, os_user="u-bob", people=people)


def test_a_key_shared_by_two_people_is_refused(crew):
    people = {**crew.people, "bobby": Person(keys=crew.people["bob"].keys)}
    with pytest.raises(ConfigError, match="bob and bobby share the key SHA256:"):
        who(crew, "carol", people=people)


def test_the_environment_does_not_change_the_os_user(monkeypatch):
    before = os_user()
    for name in ("USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "mallory")
    assert os_user() == before != "mallory"


def test_the_keys_of_the_home_folder_are_found(crew, tmp_path, monkeypatch):
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    for suffix in ("", ".pub"):
        source = crew.keys["dan"].path.with_name("dan" + suffix)
        (tmp_path / ".ssh" / f"id_ed25519{suffix}").write_bytes(source.read_bytes())
    assert identify(crew.people).person == "dan"
    assert identify(crew.people, key=crew.keys["bob"].path) == Identity("bob", crew.keys["bob"])


def test_a_user_whose_home_nobody_knows_has_no_key_at_hand(monkeypatch):
    def unknown():
        message = "Could not determine home directory."
        raise RuntimeError(message)

    monkeypatch.setattr("pathlib.Path.home", unknown)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    assert find_keys() == ()
