import stat

import pytest

from runner.config.load import read
from runner.review.keys import generate_key, parse_public_key
from tests.runner.cli.desk import Desk


@pytest.fixture
def empty(desk: Desk) -> Desk:
    (desk.folder / "shisa.yaml").unlink()
    return desk


def test_what_is_written_is_valid_and_names_the_user_with_their_keys(empty):
    public = generate_key(empty.folder / "home" / ".ssh" / "id_ed25519", "alice@laptop")
    ran = empty.shisa("init", "--person", "alice")
    assert (ran.code, ran.out) == (0, "shisa.yaml\n")
    assert "shisa check sequence-drift" in ran.err
    config = read(empty.folder / "shisa.yaml").config
    assert [parse_public_key(key).blob for key in config.people["alice"].keys] == [public.blob]
    assert {need.team for need in config.policies["cross-review"].need} == {"dev", "ops"}
    assert config.targets["staging"].policy == "cross-review"


def test_nobody_can_approve_before_colleagues_with_keys_are_named(empty):
    generate_key(empty.folder / "home" / ".ssh" / "id_ed25519", "alice@laptop")
    empty.shisa("init", "--person", "alice")
    people = read(empty.folder / "shisa.yaml").config.people
    assert [name for name, one in people.items() if one.keys] == ["alice"]


def test_a_file_that_is_there_is_not_touched(desk):
    before = (desk.folder / "shisa.yaml").read_bytes()
    ran = desk.shisa("init")
    assert ran.code == 2
    assert "already there" in ran.err
    assert (desk.folder / "shisa.yaml").read_bytes() == before


def test_a_dangling_link_is_not_written_through(empty):
    (empty.folder / "shisa.yaml").symlink_to(empty.folder / "elsewhere")
    assert "already there" in empty.shisa("init").err
    assert not (empty.folder / "elsewhere").exists()


def test_without_a_key_nothing_is_written_and_the_way_to_one_is_told(empty):
    ran = empty.shisa("init", "--person", "alice")
    assert ran.code == 2
    assert "shisa init --new-key ~/.ssh/id_ed25519" in ran.err
    assert not (empty.folder / "shisa.yaml").exists()


def test_a_new_key_is_made_private_and_listed(empty):
    ran = empty.shisa("init", "--person", "alice", "--new-key", "keys/mine")
    assert ran.code == 0, ran.err
    assert "outside of ~/.ssh: give --key keys/mine" in ran.err
    assert stat.S_IMODE((empty.folder / "keys" / "mine").stat().st_mode) == 0o600
    listed = read(empty.folder / "shisa.yaml").config.people["alice"].keys
    assert (empty.folder / "keys" / "mine.pub").read_text().startswith(listed[0])


def test_a_new_key_never_replaces_one(empty):
    generate_key(empty.folder / "mine", "old")
    before = (empty.folder / "mine").read_bytes()
    ran = empty.shisa("init", "--person", "alice", "--new-key", "mine")
    assert ran.code == 2
    assert "cannot be written: File exists" in ran.err
    assert (empty.folder / "mine").read_bytes() == before
    assert not (empty.folder / "shisa.yaml").exists()


@pytest.mark.parametrize("name", ["Alice", "", "a b", "a: {}", "\x1b[2J"])
def test_a_name_that_yaml_could_misread_is_refused(name, empty):
    ran = empty.shisa("init", "--person", name)
    assert ran.code == 2
    assert "cannot be a person's name" in ran.err
    assert "\x1b" not in ran.err


def test_a_name_that_is_another_value_in_yaml_is_refused(empty):
    generate_key(empty.folder / "home" / ".ssh" / "id_ed25519", "alice@laptop")
    ran = empty.shisa("init", "--person", "null")
    assert ran.code == 2, (empty.folder / "shisa.yaml").read_text()
    assert "no valid shisa.yaml can be made for null" in ran.err


def test_the_file_of_a_folder_above_that_no_longer_counts_is_named(desk):
    generate_key(desk.folder / "home" / ".ssh" / "id_ed25519", "alice@laptop")
    (desk.folder / "below").mkdir()
    ran = desk.shisa("init", "--folder", "below")
    assert ran.code == 0, ran.err
    assert f"{desk.folder / 'shisa.yaml'} no longer counts" in ran.err
