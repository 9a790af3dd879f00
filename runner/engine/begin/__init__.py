"""How a run begins, is taken up again or over, and ends: what it is pinned to, and what must hold first."""
