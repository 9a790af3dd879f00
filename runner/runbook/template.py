"""Templates: ``{{ name }}`` by itself needs no Jinja; everything else runs in Jinja's sandbox, strictly."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from runner.errors import RunbookError
from runner.runbook.values import Secret, Values, as_text, placeholder, plain

_SIMPLE = re.compile(r"\{\{\s*([a-z_][a-z0-9_]*)\s*\}\}")
_MARKS = ("{{", "{%", "{#")


class TemplateError(RunbookError):
    """A template cannot be rendered: its syntax, a name that is not defined, a value without a spelling."""


def is_template(text: str) -> bool:
    """Tell whether there is anything to render."""
    return "{" in text and any(mark in text for mark in _MARKS)


def names_in(text: str) -> frozenset[str]:
    """The names that a template uses; raises TemplateError when its syntax is wrong."""
    if not is_template(text):
        return frozenset()
    simple, rest = _SIMPLE.findall(text), _SIMPLE.sub("", text)
    if not is_template(rest):
        return frozenset(simple)
    return _jinja_names(text)


def names_in_expression(expression: str) -> frozenset[str]:
    """The names that a ``when`` expression uses; raises TemplateError when its syntax is wrong."""
    return _jinja_names("{{ (" + expression + ") }}")


def _jinja_names(text: str) -> frozenset[str]:
    """Collect names from the syntax tree; nothing of the template is evaluated."""
    from jinja2 import TemplateSyntaxError, nodes

    environment = _environment()
    try:
        tree = environment.parse(text)
    except TemplateSyntaxError as error:
        raise TemplateError(f"the template is not Jinja: {error.message}") from error
    except RecursionError as error:
        raise TemplateError("the template nests too deeply") from error
    names = list(tree.find_all(nodes.Name))
    own = {each.name for each in names if each.ctx != "load"} | set(environment.globals)
    return frozenset(each.name for each in names) - own


def render_text(text: str, values: Values, *, secrets: bool = False) -> Any:
    """Render one scalar; one that is exactly ``{{ name }}`` takes the typed value.

    ``secrets`` lets a secret stand here by its placeholder (``env`` and ``stdin``). Raises TemplateError.
    """
    if not is_template(text):
        return text
    whole = _SIMPLE.fullmatch(text.strip())
    try:
        if whole:
            value = _value(whole[1], values)
            return placeholder(value.name) if secrets and isinstance(value, Secret) else plain(value)
        if not is_template(_SIMPLE.sub("", text)):
            return _SIMPLE.sub(lambda found: _spelled(_value(found[1], values), secrets=secrets), text)
    except TypeError as error:
        raise TemplateError(str(error)) from error
    return _jinja(lambda: _environment().from_string(text).render(_visible(values)))


def holds(expression: str, values: Values) -> bool:
    """Evaluate a ``when`` expression; raises TemplateError when it has no answer of true or false."""
    answer = _jinja(lambda: _environment().compile_expression(expression, undefined_to_none=False)(**_visible(values)))
    if not isinstance(answer, bool):
        _jinja(lambda: str(answer))
        raise TemplateError(f"when: {expression} is neither true nor false, but {answer!r}")
    return answer


def _value(name: str, values: Values) -> Any:
    if name not in values:
        raise TemplateError(
            f"{name!r} is not defined", hint="Declare it under params, or capture it in an earlier step."
        )
    return values[name]


def _spelled(value: Any, *, secrets: bool) -> str:
    return placeholder(value.name) if secrets and isinstance(value, Secret) else as_text(value)


def _visible(values: Values) -> dict[str, Any]:
    """What Jinja may see: no secrets; a template that names one finds it undefined."""
    return {name: value for name, value in values.items() if not isinstance(value, Secret)}


def _jinja(act: Callable[[], Any]) -> Any:
    from jinja2 import TemplateError as JinjaError

    try:
        return act()
    except JinjaError as error:
        raise TemplateError(f"the template cannot be rendered: {error.message or type(error).__name__}") from error
    except (ArithmeticError, TypeError, ValueError, LookupError, AttributeError, RecursionError) as error:
        raise TemplateError(f"the template cannot be rendered: {error}") from error


@functools.cache
def _environment() -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        finalize=_finalize,
        autoescape=False,
        keep_trailing_newline=True,
        optimized=False,
    )


def _finalize(value: Any) -> Any:
    """Spell values inside a text as everywhere else."""
    from jinja2 import Undefined

    return value if isinstance(value, Undefined) else as_text(value)


def name_of(text: str) -> str | None:
    """The name of a scalar that is exactly ``{{ name }}``; None for any other."""
    whole = _SIMPLE.fullmatch(text.strip())
    return whole[1] if whole else None
