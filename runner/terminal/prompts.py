"""Questions to a person at a terminal; nothing else counts as an answer.

A pipe is refused, and what was typed before the question stood on the screen is thrown away. Ctrl-C raises
KeyboardInterrupt, Ctrl-D raises EOFError, which callers take as *stop*. Enter alone answers only where a default is
shown, and no default ever means yes.
"""

from __future__ import annotations

import dataclasses
import select
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runner.errors import UsageError
from runner.safe_text import escape
from runner.terminal.folding import fold

if TYPE_CHECKING:
    from prompt_toolkit.input import Input
    from prompt_toolkit.output import Output


@dataclasses.dataclass(frozen=True, slots=True)
class Prompter:
    """Asks at the terminal; ``input`` and ``output`` stand in for it in tests."""

    input: Input | None = None
    output: Output | None = None

    def choose(self, question: str, choices: Mapping[str, str], default: str | None = None) -> str:
        """Ask for one of the words in ``choices``, each shown with its meaning; its first letters will do.

        Enter alone is asked again unless ``default`` is given. Raises UsageError without a terminal.
        """
        if not choices or (default is not None and default not in choices):
            message = f"a question needs choices, and a default among them: {sorted(choices)}, {default}"
            raise ValueError(message)
        ending = f"{', '.join(choices)}{f' (Enter: {default})' if default is not None else ''}:"

        def judge(typed: str) -> bool | str:
            known = _chosen(typed, choices, default)
            return True if known is not None else f"Type one of: {', '.join(choices)}"

        self._say(question)
        for word, meaning in choices.items():
            self._say(meaning, f"    {word:<10} ")
        typed = self._ask("text", ending, validate=judge)
        chosen = _chosen(typed, choices, default)
        if chosen is None:
            raise EOFError
        return chosen

    def type_word(self, question: str, expected: str) -> bool:
        """Let a person type ``expected``, letter by letter, before something dangerous; anything else is no."""
        self._say(question)
        return self._ask("text", f"Type {expected} to go on; anything else stops:").strip() == expected

    def text(self, question: str) -> str:
        """Ask for a line of text; blanks at its ends are dropped, an empty line is an answer."""
        return self._ask("text", question).strip()

    def secret(self, question: str) -> str:
        """Ask for a secret, which is not shown while it is typed."""
        return self._ask("password", question)

    def within(self, question: str, seconds: float = 30.0, *, word: str = "go") -> bool:
        """Let a person type a word within a time; anything else, and silence, is no."""
        demand_terminal()
        _forget_typed()
        sys.stderr.write(f"> {escape(question, multiline=True)} ")
        sys.stderr.flush()
        ready, _, _ = select.select([sys.stdin], [], [], seconds)
        return bool(ready) and sys.stdin.readline().strip() == word

    def _say(self, text: str, label: str = "") -> None:
        """Show a text behind its label, folded between words."""
        if self.input is None:
            demand_terminal()
        from prompt_toolkit import print_formatted_text

        for number, line in enumerate(self._folded(escape(text, multiline=True), len(label))):
            print_formatted_text(f"{' ' * len(label) if number else label}{line}", output=self.output)

    def _folded(self, text: str, taken: int) -> list[str]:
        """Fold a text for the terminal by the cells that its letters take, beside some that are taken.

        The terminal itself is asked for its width, as prompt_toolkit does: COLUMNS may be of another one.
        """
        from prompt_toolkit.application import get_app_session

        return fold(text, (self.output or get_app_session().output).get_size().columns - taken)

    def _ask(self, kind: str, question: str, **options: Any) -> str:
        if self.input is None:
            demand_terminal()
        import questionary
        from prompt_toolkit.application import get_app_session
        from prompt_toolkit.input.typeahead import clear_typeahead

        source = self.input or get_app_session().input
        asked = {"text": questionary.text, "password": questionary.password}[kind](
            "\n".join(self._folded(escape(question), len("> "))), qmark=">", input=source, output=self.output, **options
        )
        clear_typeahead(source)
        if self.input is None:
            _forget_typed()
        return str(asked.unsafe_ask())


def at_terminal() -> bool:
    """Whether a person can be asked: standard input and output must both be a terminal."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def demand_terminal() -> None:
    """Raise UsageError unless a person can be asked."""
    if not at_terminal():
        raise UsageError(
            "This needs an answer, and standard input or output is not a terminal.",
            hint="Run it in a terminal; a piped answer never counts. Rehearsals of runs take --answers FILE.",
        )


def _forget_typed() -> None:
    """Drop what was typed before the question."""
    import termios

    termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


def _chosen(typed: str, choices: Mapping[str, str], default: str | None) -> str | None:
    typed = typed.strip()
    if not typed:
        return default
    if typed in choices:
        return typed
    begun = [word for word in choices if word.startswith(typed)]
    return begun[0] if len(begun) == 1 else None
