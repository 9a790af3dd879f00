import json
from pathlib import Path

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.errors import JournalError
from runner.journal.chain import GENESIS
from runner.journal.codec import decode, encode, envelope
from runner.journal.events import TYPES, Note, StepEntered
from runner.journal.record import Record

SCHEMA = json.loads((Path(__file__).parents[3] / "schemas" / "event.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=5,
)


def strategy(kind):  # noqa: PLR0911 - a table of types
    """Values for a field, by its type."""
    match kind:
        case msgspec.inspect.StructType(cls=cls):
            return bodies(cls)
        case msgspec.inspect.StrType():
            return text
        case msgspec.inspect.IntType():
            return st.integers(0, 2**53)
        case msgspec.inspect.BoolType():
            return st.booleans()
        case msgspec.inspect.NoneType():
            return st.none()
        case msgspec.inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case msgspec.inspect.UnionType(types=types):
            return st.one_of(*map(strategy, types))
        case msgspec.inspect.VarTupleType(item_type=item):
            return st.lists(strategy(item), max_size=2).map(tuple)
        case msgspec.inspect.DictType(value_type=value):
            return st.dictionaries(st.text("abc", min_size=1, max_size=3), strategy(value), max_size=2)
        case _:
            return plain


def bodies(cls):
    fields = msgspec.inspect.type_info(cls).fields
    return st.builds(cls, **{field.name: strategy(field.type) for field in fields})


@pytest.mark.parametrize("name", TYPES)
@settings(max_examples=15)
@given(data=st.data())
def test_every_event_reads_back_and_fits_the_schema(name, data):
    body = data.draw(bodies(TYPES[name]))
    spelled = encode(body)
    assert decode(name, spelled, seq=1) == body
    at = "2026-11-23T21:02:31.000000Z"
    line = Record(seq=1, at=at, run="r", step="s", person="p", body=body, text=spelled, prev=GENESIS, hash=GENESIS)
    VALIDATOR.validate(envelope(line))


@pytest.mark.parametrize("name", TYPES)
def test_the_schema_names_the_fields_of_every_event(name):
    fields = msgspec.inspect.type_info(TYPES[name]).fields
    assert list(SCHEMA["$defs"][name]["properties"]) == [field.name for field in fields]
    assert SCHEMA["$defs"][name]["required"] == [field.name for field in fields if field.required]


def test_the_schema_knows_every_event():
    assert SCHEMA["properties"]["event"]["enum"] == list(TYPES)
    assert [rule["if"]["properties"]["event"]["const"] for rule in SCHEMA["allOf"]] == list(TYPES)


def test_the_envelope_of_a_line_about_the_whole_run_has_no_step():
    body = Note(text="x")
    line = Record(1, "2026-11-23T21:02:31.000000Z", "r", None, "p", body, encode(body), GENESIS, GENESIS)
    assert list(envelope(line)) == ["event", "seq", "at", "run", "person", "body"]


def test_a_line_of_an_older_version_without_the_newer_fields_reads():
    old = {"kind": "sql", "title": "t", "step_digest": "d", "rendered": {}, "destructive": True}
    assert decode("step.entered", json.dumps(old), seq=3).policies == ()


@pytest.mark.parametrize("rendered", [{"x": 0.5}, {"\u8868": 1}])
def test_what_has_no_canonical_spelling_is_not_journaled(rendered):
    body = StepEntered(kind="sql", title="t", step_digest="d", rendered=rendered, destructive=True)
    with pytest.raises(JournalError, match=r"The event step.entered cannot be journaled: .*rendered"):
        encode(body)
