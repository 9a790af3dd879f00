"""Who sits at this terminal: the person that the journal will name, and the key that they sign with."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from runner.config.model import Person
from runner.errors import ApprovalError, ConfigError
from runner.review.keys import KeyRef, find_keys, key_at, keys_of, owners, vouched_for


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """A person of shisa.yaml and a key of theirs; without a key they cannot sign."""

    person: str
    key: KeyRef | None

    def signing(self) -> KeyRef:
        """Give the key. Raises ApprovalError where there is none."""
        if self.key is None:
            raise ApprovalError(
                f"{self.person} has no key at hand to sign with",
                hint="give --key FILE, or load the key into ssh-agent",
            )
        return self.key


def identify(people: Mapping[str, Person], *, person: str | None = None, key: Path | None = None) -> Identity:
    """Find out who the user is: ``--person``, else the one whose key is at hand, else ``os_user``.

    ``key`` is ``--key``. Raises ConfigError where nobody or more than one fits; UsageError for a key that is not there.
    """
    at_hand = find_keys() if key is None else (key_at(key),)
    return decide(people, person=person, at_hand=at_hand, named=key is not None, os_user=os_user())


def decide(
    people: Mapping[str, Person],
    *,
    person: str | None,
    at_hand: Sequence[KeyRef],
    named: bool = False,
    os_user: str | None,
) -> Identity:
    """Decide who the user is from what is known of them; pure.

    ``at_hand`` are the keys they can sign with, ``named`` tells that they chose one. Where shisa.yaml lists no people
    at all, the user of the operating system stands in, unsigned.
    """
    if not people and not named and (person or os_user):
        return Identity(person or os_user or "", None)
    _refuse_shared(people)
    if person is not None and person not in people:
        raise ConfigError(
            f"shisa.yaml knows nobody called {person}.", hint=f"It has {', '.join(sorted(people)) or 'no people'}."
        )
    theirs = _by_person(people, at_hand)
    if person is not None:
        if named and person not in theirs:
            raise ConfigError(
                f"The key that --key names is not one of {person}'s keys in shisa.yaml.",
                hint="Name one of theirs, or leave --person out.",
            )
        return Identity(person, theirs.get(person))
    if len(theirs) > 1:
        raise ConfigError(
            f"Keys of several people are at hand: {', '.join(sorted(theirs))}.", hint="Say who you are with --person."
        )
    for name, found in theirs.items():
        return Identity(name, found)
    if named:
        raise ConfigError(
            "The key that --key names belongs to nobody in shisa.yaml.", hint="Add its public half under `people:`."
        )
    return Identity(_by_os_user(people, os_user), None)


def os_user() -> str | None:
    """Tell the user of the operating system, from the process and not from the environment; None if it has no name."""
    if sys.platform == "win32":
        import getpass

        return getpass.getuser()
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return None


def _by_person(people: Mapping[str, Person], at_hand: Sequence[KeyRef]) -> dict[str, KeyRef]:
    found: dict[str, KeyRef] = {}
    for key in at_hand:
        for name in (*owners(people, key.public.blob), *vouched_for(people, key.public)):
            found.setdefault(name, key)
    return found


def _by_os_user(people: Mapping[str, Person], user: str | None) -> str:
    names = sorted(name for name, person in people.items() if user is not None and person.os_user == user)
    if len(names) == 1:
        return names[0]
    if names:
        raise ConfigError(
            f"os_user {user} stands for several people in shisa.yaml: {', '.join(names)}.",
            hint="Say who you are with --person.",
        )
    raise ConfigError(
        f"Nobody in shisa.yaml has one of your SSH keys or os_user {user or '(none)'}.",
        hint="Add yourself under `people:`, or say who you are with --person.",
    )


def _refuse_shared(people: Mapping[str, Person]) -> None:
    holder: dict[bytes, str] = {}
    for name, person in people.items():
        for key in keys_of(person):
            if not key.authority and holder.setdefault(key.blob, name) != name:
                raise ConfigError(
                    f"{holder[key.blob]} and {name} share the key {key.fingerprint}, so nobody could tell who signed.",
                    hint="Each person needs an own key.",
                )
