"""The parser of a command's words: a wrong call is told as every other error is."""

from __future__ import annotations

import argparse
from typing import NoReturn

from runner.errors import UsageError


class Parser(argparse.ArgumentParser):
    """Raises UsageError with the command's example, where argparse would end the program."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the call."""
        told = f"`{self.prog} --help` tells more"
        lines = [line.strip() for line in (self.epilog or "").splitlines()]
        example = next((line.partition("  ")[0] for line in lines if line.startswith(self.prog)), None)
        raise UsageError(message, hint=f"as in `{example}`; {told}" if example else told)
