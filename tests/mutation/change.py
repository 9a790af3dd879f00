"""One change of a text: what a mutant is made of."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Change:
    """How it is called, from where to where, and what stands there then."""

    told: str
    start: int
    end: int
    new: str
    lines: range = range(0)
    """Where the program passes when it comes by; empty where nobody counts."""

    def made(self, text: str) -> str:
        return text[: self.start] + self.new + text[self.end :]
