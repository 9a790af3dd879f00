"""The engine's pure core in a world of chance: people, guards, crashes and failures as a list of numbers says.

Every process that the simulation runs does what ``loop.perform`` does, without a database: it asks ``next_action``
and appends events. The list of choices is the only source of chance; where it ends, everything goes well.
"""

from datetime import datetime, timedelta

from runner.engine.fold import next_action as na
from runner.engine.fold.state import State, advance, fold
from runner.engine.fold.undoing import to_undo, undone_of
from runner.journal import events as ev
from tests.runner.engine.simulated_world import CONFIG, Crash, Left, Planned, World

TTL, APPROVAL = timedelta(hours=1), timedelta(minutes=15)
GUARDED = {"guards": {"before": [{"check": "x"}], "after": [{"check": "x"}]}}
MOVES = {"changes_target": {"timeline": "next"}}


class Process:
    """One process of the operator: it knows only what the journal says."""

    def __init__(self, world: World, *, resumed: bool) -> None:
        self.world = world
        self.state: State = fold(world.records)
        if resumed:
            self.append(ev.RunResumed(operator=world.operator, host="h"))
            self.accept_moved()

    def append(self, body: ev.Event, step: str | None = None) -> None:
        self.world.append(body, step)
        self.refresh()

    def refresh(self) -> None:
        for record in self.world.records[self.state.last_seq :]:
            self.state = advance(self.state, record)

    def work(self) -> bool:  # noqa: C901, PLR0912 - a case an action
        """Do one action; True when the run is closed."""
        self.refresh()
        self.world.fail_over()
        requests = self.world.requests()
        action = na.next_action(self.state, self.world.order(), requests)
        if len(self.world.records) % 8 == 0:
            assert action == na.next_action(fold(self.world.records), self.world.order(), requests)
        match action:
            case na.Close(state):
                self.append(ev.RunClosed(state=state))
                return True
            case na.Enter(path):
                self.enter(path)
            case na.AskGuards(path, moment):
                verdict = ("pass", "warn", "block", "unknown")[self.world.chance(4)]
                self.append(ev.GuardsAsked(moment=moment, verdict=verdict, evidence=()), path)
            case na.Blocked(path, moment):
                self.blocked(path, moment)
            case na.RequestApproval(path):
                self.request(path)
            case na.Await(path):
                self.wait(path)
            case na.Refused(path, reason, expired):
                request = self.state.step(path).request
                assert request is not None
                if expired and self.state.step(path).refused is None:
                    self.append(ev.ApprovalExpired(request=request.request, reason=reason), path)
                self.leave("rejected")
            case na.Start(path):
                self.start(path)
            case na.Failed(path):
                assert (path, self.state.step(path).attempts) not in self.world.committed, "done, and called failed"
                self.failed()
            case na.Retry(path):
                self.retry(path)
            case na.Settle(path):
                self.settle(path)
            case na.Rebind(path):
                self.rebind(path)
            case other:
                raise AssertionError(other)
        return False

    def leave(self, state: str) -> None:
        self.append(ev.RunPaused(state=state, reason=""))
        raise Left

    def changed(self, path: str | None) -> None:
        server = self.world.server
        self.append(ev.TargetChanged(targets=("t",), was="", became="", identity={"server": server}), path)

    def accept_moved(self) -> None:
        """What ``accept_moved`` does, where the operator accepts a failover that nobody declared."""
        steps = self.state.steps
        changing = any(step.rebinds or (step.changes_target and step.outcome == "unknown") for step in steps.values())
        if self.world.server == self.world.bound() or changing or self.world.chance(2) == 1:
            return
        self.changed(None)
        for path, step in steps.items():
            if step.request is not None and step.refused is None and step.intended is None:
                self.append(ev.ApprovalStale(request=step.request.request, reasons=("moved",)), path)

    def rebind(self, path: str) -> None:
        """What ``rebinding.rebind`` does; the switchover may take longer than it waits."""
        world = self.world
        assert world.effects.get(path, 0) >= 1, "a target is bound anew by what did not happen"
        if world.server == world.bound() and world.chance(2) == 1:
            self.leave("blocked" if self.state.rollback is None else "rollback-failed")
        if world.server == world.bound():
            world.server += 1
        self.changed(path)

    def failed(self) -> None:
        """What ``rolling.offer`` does: take the run back, where that is possible and wanted."""
        paths = to_undo(self.world.order(), self.state)
        unknown = any(step.outcome == "unknown" for step in self.state.steps.values())
        if self.state.rollback is not None:
            self.leave("rollback-failed")
        if paths and not unknown and self.world.chance(2) == 1:
            self.append(ev.RollbackBegun(paths=paths, reason="it failed"))
            return
        self.leave("failed")

    def retry(self, path: str) -> None:
        """What ``retrying.again`` does."""
        if self.world.planned(path).approved and not self.world.usable(path, self.state.step(path).request):
            self.failed()
            return
        self.attempt(path)

    def enter(self, path: str) -> None:
        step = self.world.planned(path)
        if undone_of(path) is None and self.world.chance(12) == 1:
            self.append(ev.StepSkipped(reason="when"), path)
            return
        body = ev.StepEntered(
            kind=step.kind,
            title="",
            step_digest=path,
            rendered=(GUARDED if step.guarded else {})
            | ({"rollback": {"sql": "x"}} if step.undone else {})
            | (MOVES if step.moves else {}),
            destructive=step.approved,
            policies=("cross",) if step.approved else (),
        )
        self.append(body, path)

    def blocked(self, path: str, moment: str) -> None:
        way = self.world.chance(3)
        if way == 2:
            verdict = ("pass", "block")[self.world.chance(2)]
            self.append(ev.GuardsAsked(moment=moment, verdict=verdict, evidence=()), path)
            return
        if moment == "before" and way == 1 and len(self.world.plan) < 8:
            body = ev.PlanAmended(check="x", object="o", why="", set={}, then=(), plan_digest=f"{len(self.world.plan)}")
            added = f"{path}.remedy{len(self.world.plan)}"
            self.append(body, path)
            steps = list(self.world.plan.items())
            at = [name for name, _ in steps].index(path) + 1
            steps.insert(at, (added, Planned("sql", approved=True, guarded=False)))
            self.world.plan = dict(steps)
            return
        self.leave("blocked")

    def request(self, path: str) -> None:
        digest = next(
            (r.body.plan_digest for r in reversed(self.world.records) if isinstance(r.body, ev.PlanAmended)), "0"
        )
        body = ev.ApprovalRequested(
            request=f"req-{len(self.world.records)}",
            step_digest=path,
            plan_digest=digest,
            policy_digest="0",
            policies=("cross",),
            operator=self.world.operator,
            max_uses=2,
            target="t",
            envelope={"guards": []},
            not_after=(self.world.now + TTL).isoformat(),
        )
        self.append(body, path)

    def wait(self, path: str) -> None:
        """Let the people act while the run waits."""
        world, request = self.world, self.state.step(path).request
        assert request is not None
        signed = {"as_team": "dev", "statement": "", "signature": ""}
        match world.chance(8):
            case 1:
                body = ev.ApprovalRejected(request=request.request, reason="no", **signed)
                world.append(body, path, person="bob")
            case 2:
                world.now += 2 * TTL
            case 3:
                world.append(ev.ApprovalGiven(request=request.request, **signed), path, person="stranger")
                self.leave("waiting")
            case 4:
                self.leave("waiting")
            case 5:
                world.append(ev.ApprovalGiven(request="req-of-another", **signed), path, person="bob")
                self.leave("waiting")
            case way:
                world.append(ev.ApprovalGiven(request=request.request, **signed), path, person="bob")
                if way == 6:
                    world.append(ev.ApprovalWithdrawn(request=request.request, reason="oh"), path, person="bob")
                if way == 7:
                    world.now += 2 * APPROVAL

    def start(self, path: str) -> None:
        """What ``act.start`` does: ask, look again, intend, act, tell."""
        if self.state.rollback is None and self.world.chance(10) == 1:
            self.leave("stopped")
        self.attempt(path)

    def attempt(self, path: str) -> None:
        world, step = self.world, self.world.planned(path)
        self.refresh()
        request = self.state.step(path).request
        if step.guarded:
            verdict = ("pass", "warn", "block")[world.chance(3)]
            self.append(ev.GuardsAsked(moment="again", verdict=verdict, evidence=()), path)
            if verdict == "block":
                if request is not None:
                    self.append(ev.ApprovalStale(request=request.request, reasons=("worse",)), path)
                    return
                self.leave("blocked")
        if step.approved and not world.usable(path, request):
            self.leave("rejected")
        if world.server != world.bound():
            self.leave("blocked" if self.state.rollback is None else "rollback-failed")
        self.check_start(path)
        attempt = self.state.step(path).attempts + 1
        xid = str(len(world.records)) if step.exactly_once else None
        used = () if request is None else (request.request,)
        self.append(ev.StepIntended(attempt=attempt, step_digest=path, requests=used, xid=xid), path)
        self.act(path, attempt)

    def check_start(self, path: str) -> None:
        """No start without what it needs, told from the raw events alone."""
        step = self.world.planned(path)
        unbound = [each for each, known in self.state.steps.items() if known.rebinds]
        assert not unbound, "started before the run is bound to what an earlier step made of its target"
        if undone_of(path) is not None:
            self.check_rollback(path)
        mine = [record for record in self.world.records if record.step == path]
        entered = max(r.seq for r in mine if isinstance(r.body, ev.StepEntered))
        since = [record.body for record in mine if record.seq > entered]
        if step.guarded:
            moments = [body for body in since if isinstance(body, ev.GuardsAsked) and body.moment == "before"]
            assert moments, "started without its guards"
            assert moments[-1].verdict in {"pass", "warn"}, "started through a closed gate"
        if step.approved:
            asked = [body.request for body in since if isinstance(body, ev.ApprovalRequested)]
            valid = [
                record.body.request
                for record in mine
                if isinstance(record.body, ev.ApprovalGiven)
                and record.person in CONFIG.people
                and record.body.request == asked[-1]
                and self.world.now - datetime.fromisoformat(record.at) <= APPROVAL
            ]
            ended = [
                body.request
                for body in since
                if isinstance(body, ev.ApprovalWithdrawn | ev.ApprovalRejected | ev.ApprovalStale | ev.ApprovalExpired)
            ]
            used = [id_ for record in mine if isinstance(record.body, ev.StepIntended) for id_ in record.body.requests]
            assert valid, "started without an approval of this asking"
            assert asked[-1] not in ended, "started on an approval that was ended"
            assert used.count(asked[-1]) < 2, "started oftener than the approval was given for"
            if asked[-1] in used:
                last = [body for body in since if isinstance(body, ev.StepEnded)][-1]
                assert (last.outcome, last.sqlstate) == ("failed", "55P03"), "tried again after more than a lock"

    def check_rollback(self, path: str) -> None:
        """Nothing is taken back that did not happen, that was taken back, or before what came after it."""
        assert self.world.effects.get(undone_of(path) or "", 0) >= 1, "what did not happen is taken back"
        assert not self.world.effects.get(path, 0), "taken back twice"
        begun = next(r.body for r in self.world.records if isinstance(r.body, ev.RollbackBegun))
        before = begun.paths[: begun.paths.index(path)]
        assert all(self.world.effects.get(each, 0) == 1 for each in before), "taken back out of order"

    def act(self, path: str, attempt: int) -> None:
        world, step = self.world, self.world.planned(path)
        fate = world.chance(6)
        if fate == 1:
            self.append(ev.StepEnded(outcome="failed", sqlstate=(None, "55P03")[world.chance(2)]), path)
            return
        if fate == 2:
            self.append(ev.StepEnded(outcome="cancelled"), path)
            return
        if fate == 3:
            raise Crash
        world.happen(path)
        if step.exactly_once:
            world.committed.add((path, attempt))
        if fate == 4:
            raise Crash
        self.append(ev.StepEnded(outcome="unknown" if fate == 5 else "done"), path)

    def settle(self, path: str) -> None:
        """What ``settle`` does: the server knows of a transaction, only a person knows of the rest."""
        step = self.state.step(path)
        if self.world.planned(path).exactly_once and self.world.server == self.world.bound():
            happened = (path, step.attempts) in self.world.committed
            self.append(ev.StepEnded(outcome="done" if happened else "failed"), path)
            return
        if self.world.chance(2) == 0:
            outcome = "done" if self.world.effects.get(path, 0) else "not-done"
            self.world.append(ev.StepResolved(outcome=outcome, reason="looked"), path, person="carol")
            return
        self.leave("unknown")


def live(world: World, *, processes: int = 60) -> State:
    """Let one process after the other work on the run until it is closed."""
    for number in range(processes):
        try:
            if number > 0:
                world.hand_over()
            process = Process(world, resumed=number > 0)
            while not process.work():
                assert len(world.records) < 5_000, "the run goes round in circles"
        except Crash:
            world.crashes += 1
            continue
        except Left:
            continue
        return fold(world.records)
    message = "the run comes to no end although nothing is in its way any more"
    raise AssertionError(message)
