"""A reviewer's own look: the step rendered from their copy, its guards asked from their machine, and what is shown."""

import dataclasses
import shutil
import subprocess
from datetime import timedelta

import msgspec
import pytest

from runner.config.load import read
from runner.engine.fold.state import fold
from runner.engine.ports import wall_clock
from runner.engine.reviewer import own_copy as module
from runner.engine.reviewer.own_copy import find_copy
from runner.engine.reviewer.second_look import second_look
from runner.engine.reviewer.shown import refuse_untrue
from runner.errors import ApprovalError
from runner.journal import events as ev
from runner.review.approval import Request
from runner.terminal.comparison import comparison
from runner.terminal.history import earlier, rollback_ran, signed_before
from tests.fixtures.screens import painted
from tests.runner.engine.stage import Player
from tests.runner.engine.test_groups import THREE
from tests.runner.engine.test_loops import FOR_EACH

GUARDED = """\
  - id: remove
    title: Remove an account
    target: live
    sql: DELETE FROM account WHERE id = 1
    guards:
      before:
        - {check: affected-rows, with: {max_rows: 3}}
        - {check: sql, with: {sql: "SELECT count(*) FROM account", at_most: 100}}
        - {check: command, with: {argv: [touch, MARK]}}
    approval: cross
"""


@pytest.fixture
def waiting(stage, accounts):
    """alice's run waits; gives the state of its lines, and a folder in which bob has his own files."""
    mark = stage.folder / "mark"
    stage.write(GUARDED.replace("MARK", str(mark)))
    run = stage.play(detach=True).run
    mark.unlink()
    folder = stage.folder / "bobs"
    folder.mkdir()
    shutil.copy(stage.folder / "shisa.yaml", folder)
    shutil.copy(stage.runbook, folder)
    return stage, state_of(stage, run), folder


def state_of(stage, run):
    return fold(stage.records(run))


def looked(state, folder, runbook=None, paths=("remove",)):
    return second_look(state, paths, read(folder / "shisa.yaml"), wall_clock, runbook=runbook)


def git(folder, *words):
    subprocess.run(
        ["git", "-c", "user.name=x", "-c", "user.email=x@example", *words], cwd=folder, check=True, capture_output=True
    )


def test_an_own_copy_that_renders_the_same_step_and_own_guards_make_a_look_independent(waiting):
    _, state, folder = waiting
    look = looked(state, folder)
    assert (look.copy.state, look.copy.diff) == ("same", "")
    told = {item["check"]: item["verdict"] for item in look.guards.evidence}
    assert told == {"affected-rows": "pass", "sql": "pass", "command": "unknown"}
    assert not look.independent  # one guard, which runs a program, could not be asked from here
    assert look.attested == {"look": "primed", "own_copy": "same", "own_guards": "unknown"}


def test_a_request_starts_no_program_on_the_reviewers_machine(waiting):
    stage, state, folder = waiting
    (command,) = (one for one in looked(state, folder).guards.evidence if one["check"] == "command")
    assert "a request from elsewhere starts none on this machine" in command["message"]
    assert not (stage.folder / "mark").exists()


def test_an_own_copy_of_another_content_is_told_with_its_difference_and_vouches_for_no_sql(waiting):
    stage, state, folder = waiting
    mine = folder / stage.runbook.name
    mine.write_text(mine.read_text().replace("WHERE id = 1", "WHERE id = 2"))
    look = looked(state, folder)
    assert look.copy.state == "differs"
    assert "DIFFERS, it renders another step remove" in look.copy.told
    assert "-  DELETE FROM account WHERE id = 2" in look.copy.diff.replace('"', "")
    assert "+  DELETE FROM account WHERE id = 1" in look.copy.diff.replace('"', "")
    told = {one["check"]: (one["verdict"], one["message"], one["sql"]) for one in look.guards.evidence}
    unsent = "could not look: its SQL stands in the request, and your own copy of the runbook does not vouch for it."
    assert told["sql"] == ("unknown", f"sql {unsent}", [])
    assert told["affected-rows"] == ("unknown", f"affected-rows {unsent}", [])
    assert look.attested["look"] == "primed"


def test_an_own_copy_without_the_step_says_so(waiting):
    stage, state, folder = waiting
    mine = folder / stage.runbook.name
    mine.write_text(mine.read_text().replace("id: remove", "id: other"))
    assert "DIFFERS, step remove cannot be made of it: it has no such step" in looked(state, folder).copy.told
    mine.write_text("shisa: 2")
    assert "DIFFERS, step remove cannot be made of it" in looked(state, folder).copy.told


def test_the_operators_own_file_is_nobodys_copy_but_what_is_merged_of_it_is(waiting, monkeypatch):
    stage, state, folder = waiting
    look = looked(state, stage.folder)
    assert look.copy.state == "none"
    assert "is the very file that the operator runs; --runbook names another" in look.copy.told
    assert look.since_merge is None
    git(stage.folder, "init", "-q", "-b", "main")
    git(stage.folder, "add", stage.runbook.name)
    git(stage.folder, "commit", "-q", "-m", "reviewed")
    look = looked(state, stage.folder)
    assert (look.copy.state, look.since_merge) == ("same", "")
    assert "as merged into main: renders the same step" in look.copy.told
    git(stage.folder, "rm", "-q", "--cached", stage.runbook.name)
    git(stage.folder, "commit", "-q", "-m", "gone")
    assert looked(state, stage.folder).copy.state == "none"
    assert looked(state, stage.folder, runbook=folder / stage.runbook.name).copy.state == "same"
    monkeypatch.setattr(module, "host", lambda: "another-machine")
    assert looked(state, stage.folder).copy.state == "same"


def test_a_tag_that_is_called_like_the_branch_is_not_what_was_merged(waiting):
    stage, state, folder = waiting
    mine = folder / stage.runbook.name
    whole = mine.read_text()
    mine.write_text(whole.replace("max_rows: 3", "max_rows: 1"))
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", stage.runbook.name)
    git(folder, "commit", "-q", "-m", "reviewed")
    git(folder, "checkout", "-q", "-b", "mine")
    mine.write_text(whole)
    git(folder, "commit", "-q", "-a", "-m", "by nobody else")
    git(folder, "tag", "main")
    assert "+        - {check: affected-rows, with: {max_rows: 3}}" in looked(state, folder).since_merge


def test_what_is_not_merged_is_shown(waiting):
    stage, state, folder = waiting
    mine = folder / stage.runbook.name
    whole = mine.read_text()
    mine.write_text(whole.replace("max_rows: 3", "max_rows: 1"))
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", stage.runbook.name)
    git(folder, "commit", "-q", "-m", "reviewed")
    mine.write_text(whole)
    look = looked(state, folder)
    assert look.copy.state == "same"
    assert "-        - {check: affected-rows, with: {max_rows: 1}}" in look.since_merge
    assert "+        - {check: affected-rows, with: {max_rows: 3}}" in look.since_merge


def test_a_target_that_the_reviewer_has_no_way_to_leaves_the_guards_unasked(waiting):
    _, state, folder = waiting
    config = folder / "shisa.yaml"
    config.write_text(config.read_text().replace('"live"', '"other"'))
    look = looked(state, folder)
    assert look.guards.evidence is None
    assert look.guards.why == "your shisa.yaml has no target live"
    assert look.attested["own_guards"] == "not asked"


def test_a_name_that_leads_elsewhere_on_the_reviewers_machine_makes_the_guards_unknown(waiting, database):
    _, state, folder = waiting
    config = folder / "shisa.yaml"
    config.write_text(config.read_text().replace(database.name, "template1"))
    (first, *_) = looked(state, folder).guards.evidence
    assert first["verdict"] == "unknown"
    assert "target live is not the database of this run any more: template1" in first["message"]


def test_figures_that_are_not_the_same_stand_side_by_side(waiting, database):
    _, state, folder = waiting
    database.execute("INSERT INTO account SELECT n, 'x' FROM generate_series(10, 14) AS n")
    look = looked(state, folder)
    seen = painted(comparison(state.step("remove").before.evidence, look.guards.evidence, "2026-11-27T12:00:00Z"), 120)
    assert "the operator saw" in seen
    assert "you see" in seen
    rows = " ".join(seen.replace("│", " ").split())
    assert "value: 3 value: 8" in rows
    assert "rows: 1" not in rows  # equal figures are left out


def test_a_copy_is_found_at_the_place_that_ends_like_the_operators(tmp_path):
    (tmp_path / "books").mkdir()
    for name in ("books/purge.yaml", "purge.yaml"):
        (tmp_path / name).write_text("")
    assert find_copy("/home/alice/ops/books/purge.yaml", tmp_path) == tmp_path / "books/purge.yaml"
    assert find_copy("/home/alice/ops/other/purge.yaml", tmp_path) == tmp_path / "purge.yaml"
    assert find_copy("/home/alice/ops/other/restore.yaml", tmp_path) is None


def changed(stage, run, kind, step=None, **values):
    """The lines of a run, one of them with another content, as whoever owns a journal could write it anew."""
    lines = stage.records(run)
    place = next(n for n, one in enumerate(lines) if isinstance(one.body, kind) and step in {None, one.step})
    body = msgspec.structs.replace(lines[place].body, **values)
    lines[place] = type(lines[place])(**{name: getattr(lines[place], name) for name in _FIELDS} | {"body": body})
    request = next(Request(one.run, one.step, one.at, one.body) for one in lines if one.body.name == _REQUESTED)
    return fold(lines), request


_FIELDS = ("seq", "at", "run", "step", "person", "body", "text", "prev", "hash")
_REQUESTED = "approval.requested"


@pytest.mark.parametrize(
    ("kind", "values", "because"),
    [
        (ev.StepEntered, {"statements": ("SELECT 1",)}, "the text of step part1 has another digest"),
        (ev.StepEntered, {"rendered": {"id": "part1"}}, "the text of step part1 has another digest"),
        (ev.StepEntered, {"reads": (ev.FileRead(path="a", sha256="0"),)}, "the text of step part1 has another digest"),
        (ev.RunOpened, {"params": {"who": 3}}, "the files, parameters, targets or remedies have another digest"),
        (ev.ApprovalRequested, {"step_digest": "0" * 64}, "the steps of the group have another digest together"),
        (ev.ApprovalRequested, {"target": "elsewhere"}, "step part1 is on another target"),
        (ev.ApprovalRequested, {"plan_digest": "0" * 64}, "the files, parameters, targets or remedies have another"),
    ],
)
def test_what_is_shown_under_another_digest_is_not_offered_for_signing(stage, accounts, kind, values, because):
    stage.write(THREE, head="params: {who: {type: integer, default: 2}}\n")
    run = stage.play(detach=True).run
    refuse_untrue(*changed(stage, run, ev.ApprovalRequested))
    with pytest.raises(ApprovalError, match=because) as raised:
        refuse_untrue(*changed(stage, run, kind, **values))
    assert "do not sign it" in raised.value.hint


@pytest.mark.parametrize(
    ("kind", "values"),
    [(ev.ItemsExpanded, {"items": (1,)}), (ev.GuardsAsked, {"verdict": "pass", "evidence": ()})],
)
def test_figures_or_items_that_are_not_those_of_the_limits_are_not_offered_for_signing(stage, database, kind, values):
    database.execute("CREATE TABLE child () INHERITS (account); INSERT INTO child VALUES (1, 'twin')")
    parent = "with: {parent: public.account}, severity: warn"
    guard = f"    guards: {{before: [{{check: duplicate-keys-in-tree, {parent}}}]}}\n"
    stage.write(FOR_EACH + guard)
    run = stage.play(detach=True).run
    refuse_untrue(*changed(stage, run, ev.ApprovalRequested))
    with pytest.raises(ApprovalError, match="what the guards of step each found, or the items of its loop, are others"):
        refuse_untrue(*changed(stage, run, kind, **values))


def test_a_file_that_is_shown_with_another_text_is_not_offered_for_signing(stage, accounts):
    stage.write(THREE, head="params: {who: {type: integer, default: 2}}\n")
    run = stage.play(detach=True).run
    (file,) = state_of(stage, run).opened.files
    edited = msgspec.structs.replace(file, text=file.text + "# harmless")
    with pytest.raises(ApprovalError, match="has another digest than the run is pinned to"):
        refuse_untrue(*changed(stage, run, ev.RunOpened, files=(edited,)))


def test_a_step_that_was_not_rendered_yet_is_not_offered_for_signing(stage, accounts):
    stage.write(THREE, head="params: {who: {type: integer, default: 2}}\n")
    run = stage.play(detach=True).run
    _, request = changed(stage, run, ev.ApprovalRequested)
    with pytest.raises(ApprovalError, match="step part1 was never entered"):
        refuse_untrue(fold(stage.records(run)[:1]), request)


def test_a_group_is_rendered_again_step_by_step(stage, accounts):
    stage.write(THREE, head="params: {who: {type: integer, default: 2}}\n")
    state = state_of(stage, stage.play(detach=True).run)
    folder = stage.folder / "bobs"
    folder.mkdir()
    shutil.copy(stage.folder / "shisa.yaml", folder)
    mine = folder / stage.runbook.name
    shutil.copy(stage.runbook, mine)
    paths = ("part1", "part2", "part3")
    look = looked(state, folder, paths=paths)
    assert (look.copy.state, look.guards.evidence, look.independent) == ("same", (), True)
    mine.write_text(mine.read_text().replace("WHERE id = 3", "WHERE id = 4"))
    assert "another step part3" in looked(state, folder, paths=paths).copy.told


def test_what_was_signed_and_expired_is_shown_by_what_changed(stage, accounts, database):
    stage.write(GUARDED.replace("MARK", str(stage.folder / "mark")))
    first = stage.play(detach=True)
    stage.sign()
    late = wall_clock() + timedelta(minutes=16)
    assert stage.resume(first.run, detach=True, clock=lambda: late).state == "rejected"
    database.execute("INSERT INTO account SELECT n, 'x' FROM generate_series(10, 14) AS n")
    assert stage.resume(first.run, detach=True, clock=lambda: late).state == "waiting"
    records = stage.records(first.run)
    newest = [one.body for one in records if isinstance(one.body, ev.ApprovalRequested)][-1]
    found = signed_before(records, "remove", newest, "bob")
    assert found is not None
    assert found.became == "the request has expired"
    assert any(told.startswith("sign until ") for told in found.changed)
    seen = painted(
        comparison(found.evidence, fold(records).step("remove").before.evidence, "2026-11-27T12:00:00Z"), 120
    )
    assert "value: 3 value: 8" in " ".join(seen.replace("│", " ").split())
    assert signed_before(records, "remove", newest, "carol") is None
    other = msgspec.structs.replace(newest, step_digest="0" * 64)
    assert signed_before(records, "remove", other, "bob") is None


def test_the_last_run_tells_how_long_it_took_and_whether_its_rollback_ran(stage, accounts):
    rollback = "    rollback: {sql: \"INSERT INTO account VALUES (1, 'ann', 10)\"}\n"
    stage.write(GUARDED.replace("MARK", str(stage.folder / "mark")) + rollback)
    past = stage.play(Player(on_wait=stage.sign))
    assert past.state == "completed"
    found = earlier(past.session.records, "remove")
    assert (found.label, found.ended.outcome) == (f"{past.run}, {past.session.records[0].at[:10]}", "done")
    assert rollback_ran([past.session.records], "remove") == "never, as far as this journal tells"
    ended = msgspec.structs.replace(past.ended("remove"), outcome="done")
    line = dataclasses.replace(past.session.records[-1], step="remove.rollback", body=ended)
    assert rollback_ran([[line]], "remove") == f"done in run {past.run}, {line.at[:10]}"
