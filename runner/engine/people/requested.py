"""How the requests of a run stand at this moment, each looked at when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.engine.fold.next_action import RequestState
    from runner.engine.ports import Clock
    from runner.review.requests import Requests, Standing


class Requested(Mapping[str, "RequestState"]):
    """Request → its state now; signatures and policies are judged there.

    ``lapsed`` says why one that was used covers no more, None where it does.
    """

    def __init__(self, requests: Requests, clock: Clock, lapsed: Callable[[Standing], str | None]) -> None:
        self._requests = requests
        self._clock = clock
        self._lapsed = lapsed

    def __getitem__(self, request: str) -> RequestState:
        """Tell how one request stands."""
        now = self._clock()
        one = self._requests.standing(request, now)
        if one.state == "consumed" and self._lapsed(one) is not None:
            return "lapsed"
        return "early" if one.early(now) else one.state

    def __iter__(self) -> Iterator[str]:
        """Give the ids, the oldest first."""
        return iter(self._requests)

    def __len__(self) -> int:
        """Count the requests."""
        return len(list(self._requests))
